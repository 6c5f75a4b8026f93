package channels

import "tocsin/channels/pace"

// grant is permits with the gateway that they are for.
type grant struct {
	pace.Permits
	gw *Gateway
}

// carrier is who hands over what is meant for a gateway: the gateway itself, or while its breaker lets nothing through or people
// have paused it, the first of its stand-ins that works. One delivery at a time still tries an ailing gateway, so that its own work comes back to
// it. Where none works, the gateway's own recovery is waited for.
func (g *Gateway) carrier() *Gateway {
	if !g.Pacer.Rests() {
		return g
	}
	for _, s := range g.StandIns {
		if !s.Pacer.Rests() {
			return s
		}
	}
	return g
}
