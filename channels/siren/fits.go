package siren

import (
	"errors"
	"fmt"
	"maps"
)

// Fits reports what keeps a siren's record from ever working with a gateway, so that it shows at the import and not at
// the first alarm. protocol is the gateway's, site its own register maps, which go before the shipped ones. Its errors
// hold no address.
func Fits(record, protocol string, site map[string]RegisterMap) error {
	e, err := ParseEndpoint(record)
	if err != nil {
		return err
	}
	if e.Protocol != protocol {
		return fmt.Errorf("siren record: protocol: its gateway speaks %s, and not %s", protocol, e.Protocol)
	}
	if protocol != ProtocolModbus {
		return nil
	}
	known, err := ShippedMaps()
	if err != nil {
		return err
	}
	maps.Copy(known, site)
	m, ok := known[e.RegisterMap]
	if !ok {
		return errors.New("siren record: register_map: there is none of this name, neither shipped nor in the gateway's register_maps_file")
	}
	if _, err := stopWrites(&m, &e); err != nil {
		return errors.New("siren record: nothing says how to stop it: the register map has no stop, and it has no programme \"stop\"")
	}
	return nil
}
