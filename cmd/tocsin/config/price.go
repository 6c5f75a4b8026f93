package config

import (
	"fmt"
	"strconv"
	"strings"
)

// microsDigits is how many digits of a price stand behind the point: prices are kept in millionths.
const microsDigits = 6

// PriceMicros is the price of a permit in millionths of its currency, and 0 where none is named. A price is read digit by
// digit, never as a binary fraction: 0.0075 is 7,500 millionths and nothing else.
func (g *Gateway) PriceMicros() int64 {
	micros, err := micros(g.Price)
	if err != nil {
		return 0 // Parse refuses such a configuration.
	}
	return micros
}

// micros reads a decimal number of at most six digits before the point and six behind it.
func micros(text string) (int64, error) {
	whole, part, point := strings.Cut(text, ".")
	if !digits(whole, 6) || point && !digits(part, microsDigits) {
		return 0, fmt.Errorf("%q: want a decimal number such as 0.0075, of at most six digits before the point and six behind it", text)
	}
	return strconv.ParseInt(whole+part+strings.Repeat("0", microsDigits-len(part)), 10, 64)
}

func digits(text string, most int) bool {
	return text != "" && len(text) <= most && strings.Trim(text, "0123456789") == ""
}

// price checks that a price is a number, and says in which money.
func (k *checker) price(path string, g *Gateway) {
	switch {
	case g.Price == "" && g.Currency == "":
		return
	case g.Price == "":
		k.bad(path+".currency", "price is missing: the two go together")
		return
	case g.Currency == "":
		k.bad(path+".price", "currency is missing: the two go together")
	case len(g.Currency) != 3 || strings.Trim(g.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		k.bad(path+".currency", "%q: want the three letters of ISO 4217, such as EUR", g.Currency)
	}
	if _, err := micros(g.Price); err != nil {
		k.bad(path+".price", "%v", err)
	}
}
