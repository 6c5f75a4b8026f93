package report

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"

	"tocsin/alerting"
)

// Terms are what the configuration says of a gateway: how fast it may be used, and what that costs.
type Terms struct {
	// Rate is its limit in permits a second over all processes; 0: it has none.
	Rate float64
	// Price is that of one permit in millionths of Currency; it counts only where a Currency is named.
	Price    int64
	Currency string
}

// Money is an amount. It is counted in whole millionths, so that sums are exact.
type Money struct {
	// Currency is the code of ISO 4217.
	Currency string `json:"currency"`
	Micros   int64  `json:"micros"`
	// Amount is the same as a decimal number, of two to six digits behind the point.
	Amount string `json:"amount"`
}

// String is the amount with its currency.
func (m Money) String() string { return m.Amount + " " + m.Currency }

func moneyOf(currency string, micros int64) Money {
	text := fmt.Sprintf("%07d", micros)
	whole, part := text[:len(text)-6], text[len(text)-6:]
	for len(part) > 2 && part[len(part)-1] == '0' {
		part = part[:len(part)-1]
	}
	return Money{Currency: currency, Micros: micros, Amount: whole + "." + part}
}

// load is the work of one gateway: permits divided by among.
type load struct {
	gateway string
	permits int64
	// among is how many gateways share the permits.
	among int64
	Terms
}

// loads says how the work of a channel falls on its gateways, as fan-out deals it out: pages of people evenly, and each siren
// to the gateway that it hangs on. (An alert of one page goes through a single one of several gateways.)
func (r *dry) loads(line *DryChannel) []load {
	out := make([]load, len(line.Gateways))
	for i, name := range line.Gateways {
		out[i] = load{gateway: name, permits: line.Cost, among: int64(len(line.Gateways)), Terms: r.Terms[name]}
		if line.Channel == alerting.Siren {
			out[i].permits, out[i].among = r.hung[name], 1
		}
	}
	return out
}

// finish is how many seconds some work takes when nothing else is under way: as long as the gateway needs that takes longest.
// Gateways with the same limit thus count with the sum of their limits. nil: none of them has a limit.
func finish(loads []load) *float64 {
	var longest *float64
	for _, l := range loads {
		if l.Rate <= 0 {
			continue
		}
		s := math.Ceil(float64(l.permits)/float64(l.among)/l.Rate*1000) / 1000
		if longest == nil || s > *longest {
			longest = &s
		}
	}
	return longest
}

// purse adds money up by currency.
type purse map[string]*big.Int

func (p purse) add(currency string, micros *big.Int) {
	if p[currency] == nil {
		p[currency] = new(big.Int)
	}
	p[currency].Add(p[currency], micros)
}

// costOf is what some work costs, in each currency, rounded up to a millionth; silent are the gateways that name no price
// for their part of it.
func costOf(loads []load) (cost purse, silent []string) {
	cost = make(purse)
	among := int64(1)
	for _, l := range loads {
		switch {
		case l.permits == 0:
		case l.Currency == "":
			silent = append(silent, l.gateway)
		default:
			among = l.among
			cost.add(l.Currency, new(big.Int).Mul(big.NewInt(l.permits), big.NewInt(l.Price)))
		}
	}
	for _, sum := range cost {
		rest := new(big.Int)
		if sum.DivMod(sum, big.NewInt(among), rest); rest.Sign() > 0 {
			sum.Add(sum, big.NewInt(1))
		}
	}
	return cost, silent
}

// amounts are what a purse holds, by currency; an amount too large to be counted is noted and left out.
func (r *dry) amounts(p purse) []Money {
	var out []Money
	for _, currency := range slices.Sorted(maps.Keys(p)) {
		if !p[currency].IsInt64() {
			r.note(alerting.Say("trial.cost-large", "the cost in %s is too large to be counted: check the prices of the gateways", currency))
			continue
		}
		out = append(out, moneyOf(currency, p[currency].Int64()))
	}
	return out
}

// reckon adds time and money to the channels, and sums them up.
func (r *dry) reckon() {
	total := make(purse)
	var silent []string
	for i := range r.out.Channels {
		line := &r.out.Channels[i]
		if line.Recipients == 0 {
			continue
		}
		loads := r.loads(line)
		line.FinishS = finish(loads)
		line.Unlimited = line.FinishS == nil
		if !line.Unlimited && (r.out.FinishS == nil || *line.FinishS > *r.out.FinishS) {
			r.out.FinishS = line.FinishS
		}
		cost, free := costOf(loads)
		line.Money, silent = r.amounts(cost), append(silent, free...)
		for currency, micros := range cost {
			total.add(currency, micros)
		}
	}
	r.out.Money = r.amounts(total)
	if len(total) > 0 && len(silent) > 0 {
		r.note(alerting.Say("trial.cost-silent", "the cost leaves out gateways whose configuration names no price: %s", strings.Join(silent, ", ")))
	}
}
