package config

import (
	"strings"
	"testing"
)

func TestPrices(t *testing.T) {
	for _, row := range []struct {
		name, keys, want string
		micros           int64
	}{
		{"none", "", "", 0},
		{"a part of a cent", "    price: \"0.0075\"\n    currency: EUR\n", "", 7500},
		{"the least", "    price: \"0.000001\"\n    currency: EUR\n", "", 1},
		{"the most", "    price: \"999999.999999\"\n    currency: IRR\n", "", 999_999_999_999},
		{"whole", "    price: \"12\"\n    currency: JPY\n", "", 12_000_000},
		{"without quotes", "    price: 0.0075\n    currency: EUR\n", "", 7500},
		{"free", "    price: \"0\"\n    currency: EUR\n", "", 0},
		{"in no money", "    price: \"0.0075\"\n", "line 8 column 12: gateways[0].price: currency is missing", 0},
		{"money without a price", "    currency: EUR\n", "line 8 column 15: gateways[0].currency: price is missing", 0},
		{"a comma", "    price: \"0,0075\"\n    currency: EUR\n", "line 8 column 12: gateways[0].price: \"0,0075\": want a decimal number", 0},
		{"negative", "    price: \"-1\"\n    currency: EUR\n", "gateways[0].price", 0},
		{"an exponent", "    price: \"1e3\"\n    currency: EUR\n", "gateways[0].price", 0},
		{"too fine", "    price: \"0.0000001\"\n    currency: EUR\n", "gateways[0].price", 0},
		{"too dear", "    price: \"1000000\"\n    currency: EUR\n", "gateways[0].price", 0},
		{"half a number", "    price: \".5\"\n    currency: EUR\n", "gateways[0].price", 0},
		{"the other half", "    price: \"5.\"\n    currency: EUR\n", "gateways[0].price", 0},
		{"a word", "    price: \"0.01\"\n    currency: euro\n", "line 9 column 15: gateways[0].currency: \"euro\": want the three letters", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := Parse([]byte(gateway+row.keys), nil)
			switch {
			case row.want != "":
				if err == nil || !strings.Contains(err.Error(), row.want) {
					t.Errorf("%v, want %q", err, row.want)
				}
			case err != nil:
				t.Error(err)
			case c.Gateways[0].PriceMicros() != row.micros:
				t.Errorf("%d millionths, want %d", c.Gateways[0].PriceMicros(), row.micros)
			}
		})
	}
}
