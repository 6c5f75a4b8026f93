package svgmap

import (
	"fmt"
	"math"
)

// sirenPaths are the sirens, one path for each state. Those of one state that lie nearer to each other than a distance are drawn once.
func (d *drawing) sirenPaths(apart float64) (out []byte) {
	for _, state := range states() {
		var data []byte
		seen := map[dot]bool{}
		for _, s := range d.picture.Sirens {
			if s.state() != state {
				continue
			}
			at := d.frame.spot(d.frame.nearPoint(s.At))
			cell := dot{int(math.Floor(at.x / apart)), int(math.Floor(at.y / apart))}
			if !seen[cell] {
				seen[cell] = true
				data = appendSign(data, state, dot{int(math.Round(at.x)), int(math.Round(at.y))})
			}
		}
		if len(data) > 0 {
			out = fmt.Appendf(out, `<path class="map-siren map-%s" %s d="%s"/>`, state, sirenLook(state), data)
		}
	}
	return out
}

// appendSign adds the sign of a state around a place: a dot, a triangle, a cross, a ring.
func appendSign(out []byte, state State, at dot) []byte {
	switch state {
	case Ready:
		return append(appendPair(append(out, 'M'), at.x, at.y), "h0"...)
	case Sounding:
		return append(appendPair(append(out, 'M'), at.x, at.y-11), "l10 18h-20z"...)
	case Failed:
		return append(appendPair(append(out, 'M'), at.x-7, at.y-7), "l14 14m0-14l-14 14"...)
	}
	return append(appendPair(append(out, 'M'), at.x-6, at.y), "a6 6 0 1 0 12 0 6 6 0 1 0-12 0"...)
}

// sirenLook is how a state is drawn where no style sheet says otherwise.
func sirenLook(state State) string {
	switch state {
	case Ready:
		return `fill="none" stroke="#1b5e9e" stroke-width="13" stroke-linecap="round"`
	case Sounding:
		return `fill="#b3141c" stroke="#fff" stroke-width="2"`
	case Failed:
		return `fill="none" stroke="#111" stroke-width="5"`
	}
	return `fill="#fff" stroke="#555" stroke-width="3"`
}
