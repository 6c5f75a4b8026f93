package approval

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	names "crypto/x509/pkix"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

// partner is a signer with a certificate of its own.
func partner(t *testing.T, name string) dsig.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: names.Name{CommonName: name}, NotBefore: noon.Add(-time.Hour),
		NotAfter: noon.Add(48 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return dsig.Signer{Key: key, Certificates: []*x509.Certificate{c}}
}

func bounds() alerting.StandingBounds {
	return alerting.StandingBounds{Categories: []string{"Met"}, Events: []string{"Flood"}, Severity: "Severe",
		Channels: []alerting.Channel{alerting.SMS, alerting.Mail}, Codes: []string{"UN=33*"},
		Polygons: [][][2]float64{{{5, 9}, {5, 10}, {6, 10}, {6, 9}, {5, 9}}}, People: 100, Sirens: 2, PerHour: 3, Burst: 2,
		From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)}
}

func authorised(t *testing.T, s *alerting.StandingOrder, by ...string) {
	t.Helper()
	s.By = nil
	for _, admin := range by {
		a, err := SignStanding(signerOf(admin), *s, admin, noon)
		if err != nil {
			t.Fatal(err)
		}
		s.By = append(s.By, a)
	}
}

// trial is one alert under a standing authorisation; its parts are changed before they are signed.
type trial struct {
	standing                                  alerting.StandingOrder
	admins                                    []string
	alert                                     func(*cap.Alert)
	envelope, afterwards                      func(*alerting.Envelope)
	noDesk, noAuthor, noRelease, strangerDesk bool
	at                                        time.Time
	signer                                    *dsig.Signer
	withdrawn                                 *alerting.Withdrawal
}

func (x *trial) run(t *testing.T, weather dsig.Signer) error {
	t.Helper()
	o := newTown(t, nil)
	in := o.alert(func(a *cap.Alert) {
		a.Infos[0].Areas = []cap.Area{{Description: "Town", Polygons: []cap.Polygon{{{Lat: 5.1, Lon: 9.1}, {Lat: 5.1, Lon: 9.2}, {Lat: 5.2, Lon: 9.2}, {Lat: 5.2, Lon: 9.1}, {Lat: 5.1, Lon: 9.1}}}}}
		if x.alert != nil {
			x.alert(a)
		}
	})
	e := &in.Envelope
	e.Channels = []alerting.Channel{alerting.SMS}
	alone := x.standing.Kind == Alone
	if alone {
		signer := weather
		if x.signer != nil {
			signer = *x.signer
		}
		signed, err := signer.Sign(e.Document)
		if err != nil {
			t.Fatal(err)
		}
		e.Author, e.Original = "weather", signed
	}
	if x.envelope != nil {
		x.envelope(e)
	}
	authorised(t, &x.standing, x.admins...)
	e.Standing = &x.standing
	if !alone && !x.noAuthor {
		sign(t, in, Author, e.Author, signerOf("writer"))
	}
	if !alone && !x.noRelease {
		sign(t, in, Release, e.Author, signerOf("writer"))
	}
	if !x.noDesk {
		key := signerOf("desk")
		if x.strangerDesk {
			key = signerOf("stranger")
		}
		a, err := SignUnattended(key, e, x.at)
		if err != nil {
			t.Fatal(err)
		}
		e.Approvals = append(e.Approvals, a)
	}
	if x.afterwards != nil {
		x.afterwards(e)
	}
	if x.withdrawn != nil {
		w := *x.withdrawn
		w.Standing, _ = StandingID(&x.standing)
		a, err := SignWithdrawal(signerOf("reader"), w, "reader", noon)
		if err != nil {
			t.Fatal(err)
		}
		w.By, w.Enrolments = []alerting.Approval{a}, o.enrolments
		o.Withdrawals([]alerting.Withdrawal{w})
	}
	return o.Check(in)
}

// TestStanding: everything that is one step beyond a standing authorisation is refused, by whoever checks the envelope.
func TestStanding(t *testing.T) {
	weather, other := partner(t, "Weather"), partner(t, "Other")
	info := func(change func(*cap.Info)) func(*trial) {
		return func(x *trial) { x.alert = func(a *cap.Alert) { change(&a.Infos[0]) } }
	}
	envelope := func(change func(*alerting.Envelope)) func(*trial) {
		return func(x *trial) { x.envelope = change }
	}
	later := func(change func(*alerting.Envelope)) func(*trial) {
		return func(x *trial) { x.afterwards = change }
	}
	cancel := func(sender string) func(*trial) {
		return func(x *trial) {
			x.alert = func(a *cap.Alert) {
				a.MsgType, a.Infos[0].Severity = cap.MsgCancel, cap.Extreme
				a.References = []cap.Reference{{Sender: sender, Identifier: "before", Sent: noon}}
			}
		}
	}
	rows := map[string]struct {
		kind, says string
		change     func(*trial)
	}{
		"within":                   {"", "", func(*trial) {}},
		"severity":                 {"", "severity Extreme is beyond", info(func(i *cap.Info) { i.Severity = cap.Extreme })},
		"unknown severity":         {"", "severity Unknown is beyond", info(func(i *cap.Info) { i.Severity = cap.UnknownSeverity })},
		"category":                 {"", "the hazard", info(func(i *cap.Info) { i.Categories = append(i.Categories, "CBRNE") })},
		"event":                    {"", "the hazard", info(func(i *cap.Info) { i.Event = "Attack" })},
		"event code":               {"", "", info(func(i *cap.Info) { i.Event = "Inundation"; i.EventCodes = []cap.Value{{Name: "X", Value: "Flood"}} })},
		"no area":                  {"", "not every area", info(func(i *cap.Info) { i.Areas = nil })},
		"geocode":                  {"", "not every area", info(func(i *cap.Info) { i.Areas[0].Geocodes = []cap.Value{{Name: "UN", Value: "4401"}} })},
		"geocode within":           {"", "", info(func(i *cap.Info) { i.Areas[0].Geocodes = []cap.Value{{Name: "UN", Value: "3301"}} })},
		"polygon partly outside":   {"", "not every area", info(func(i *cap.Info) { i.Areas[0].Polygons[0][1].Lon = 10.1 })},
		"people":                   {"", "101 people", envelope(func(e *alerting.Envelope) { e.Counted.People = 101 })},
		"sirens":                   {"", "3 sirens", envelope(func(e *alerting.Envelope) { e.Counted.Sirens = 3 })},
		"channel":                  {"", "goes out on push", envelope(func(e *alerting.Envelope) { e.Channels = []alerting.Channel{alerting.Push} })},
		"all channels":             {"", "goes out on push", envelope(func(e *alerting.Envelope) { e.Channels = nil })},
		"too early":                {"", "it holds from", func(x *trial) { x.at = noon.Add(-2 * time.Hour) }},
		"too late":                 {"", "it holds from", func(x *trial) { x.at = noon.Add(time.Hour) }},
		"withdrawn":                {"", "it was withdrawn", func(x *trial) { x.withdrawn = &alerting.Withdrawal{Reason: "broken", At: noon} }},
		"withdrawn afterwards":     {"", "", func(x *trial) { x.withdrawn = &alerting.Withdrawal{Reason: "broken", At: noon.Add(time.Minute)} }},
		"nobody signed it":         {"", "0 of 2", func(x *trial) { x.admins = nil }},
		"one administrator":        {"", "1 of 2", func(x *trial) { x.admins = []string{"first"} }},
		"one administrator twice":  {"", "1 of 2", func(x *trial) { x.admins = []string{"first", "first"} }},
		"no administrator":         {"", "1 of 2", func(x *trial) { x.admins = []string{"first", "reader"} }},
		"bounds widened":           {"", "0 of 2", later(func(e *alerting.Envelope) { e.Standing.Bounds.People++ })},
		"the desk did not count":   {"", "has not counted", func(x *trial) { x.noDesk = true }},
		"another desk":             {"", "has not counted", func(x *trial) { x.strangerDesk = true }},
		"counted lowered":          {"", "has not counted", later(func(e *alerting.Envelope) { e.Counted.People-- })},
		"more than a year":         {"", "at most a year", func(x *trial) { x.standing.Bounds.Until = noon.Add(9000 * time.Hour) }},
		"no release":               {Countersigned, "has not signed as release", func(x *trial) { x.noRelease = true }},
		"no author":                {Countersigned, "has not signed as author", func(x *trial) { x.noAuthor = true }},
		"not one of the operators": {Countersigned, "not one of those", func(x *trial) { x.standing.Operators = []string{"third"} }},
		"certificate not pinned":   {Alone, "counts for nothing here: untrusted", func(x *trial) { x.signer = &other }},
		"not signed":               {Alone, "no partner has signed it", envelope(func(e *alerting.Envelope) { e.Original = nil })},
		"document altered": {Alone, "not, byte for byte", envelope(func(e *alerting.Envelope) {
			e.Document = []byte(strings.Replace(string(e.Document), "Flood", "flood", 1))
		})},
		"original altered": {Alone, "invalid", envelope(func(e *alerting.Envelope) {
			e.Original = []byte(strings.Replace(string(e.Original), "Flood", "flood", 1))
		})},
		"original too large":          {Alone, "can go out unattended", envelope(func(e *alerting.Envelope) { e.Original = make([]byte, MostOriginal+1) })},
		"another source":              {Alone, "it came from", envelope(func(e *alerting.Envelope) { e.Author = "river" })},
		"another sender":              {Alone, "its sender is", func(x *trial) { x.standing.Sender = "other@example.org" }},
		"a cancel of its own":         {Alone, "", cancel("office@example.org")},
		"a cancel of somebody else's": {Alone, "may speak of its own only", cancel("other@example.org")},
	}
	for name, row := range rows {
		for _, kind := range []string{Countersigned, Alone} {
			if row.kind != "" && row.kind != kind {
				continue
			}
			t.Run(kind+"/"+name, func(t *testing.T) {
				x := &trial{admins: []string{"first", "second"}, at: noon, standing: alerting.StandingOrder{Name: "trial", Kind: kind, Reason: "nights",
					At: noon, Bounds: bounds()}}
				if kind == Alone {
					x.standing.Source, x.standing.Sender, x.standing.Certificates = "weather", "office@example.org", [][]byte{weather.Certificates[0].Raw}
				} else {
					x.standing.Operators, x.standing.CountersignWithin = []string{"writer"}, 15
				}
				row.change(x)
				err := x.run(t, weather)
				if row.says == "" && err != nil || row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)) {
					t.Errorf("got %v, want %q", err, row.says)
				}
				speaksChinese(t, err)
			})
		}
	}
}

// speaksChinese: a reader of Chinese reads no English word of a refusal, whether he gets it as an error or as text that was kept.
func speaksChinese(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	chinese, exact := alerting.InChinese(err)
	kept := alerting.SaidIn("zh", err.Error())
	for _, text := range []string{chinese, kept} {
		// What a library says of foreign bytes is marked as English.
		own, _, _ := strings.Cut(text, "英文说明")
		if left := english.FindString(quotedWord.ReplaceAllString(own, "")); !exact || text == "" || left != "" {
			t.Errorf("%v\nis %q in Chinese: %q is English", err, text, left)
		}
	}
}

var (
	english    = regexp.MustCompile(`[a-z]{2,} [a-z]{2,}`)
	quotedWord = regexp.MustCompile(`“[^”]*”`)
)
