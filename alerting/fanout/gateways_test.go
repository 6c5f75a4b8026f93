package fanout

import "testing"

func TestPagesAreSharedOutEvenly(t *testing.T) {
	for _, gateways := range [][]string{{"a"}, {"a", "b"}, {"a", "b", "c"}, {"a", "b", "c", "d", "e"}} {
		const pages = 400
		carried := make(map[string]int)
		for page := range uint32(pages) {
			carried[gatewayOf(gateways, page)]++
		}
		for _, g := range gateways {
			if fair := pages / len(gateways); carried[g] < fair*9/10 || carried[g] > fair*11/10 {
				t.Errorf("gateway %s of %d carries %d of %d pages", g, len(gateways), carried[g], pages)
			}
		}
	}
}

// A partition must not be one gateway's alone: Kafka tells pages apart by their parity.
func TestEvenPagesAreNotOneGateways(t *testing.T) {
	carried := make(map[string]int)
	for page := uint32(0); page < 80; page += 2 {
		carried[gatewayOf([]string{"a", "b"}, page)]++
	}
	if carried["a"] < 15 || carried["b"] < 15 {
		t.Errorf("of 40 even pages, %v", carried)
	}
}
