package wording

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// The judge compares Segments with a counter that others wrote:
//
//	TOCSIN_TEST_SEGMENT_TEXTS=texts.jsonl go test -run TestSegmentTexts ./alerting/wording
//	node testdata/segments.cjs <texts.jsonl >judged.jsonl    (where npm install sms-segments-calculator was run)
//	TOCSIN_TEST_SEGMENT_JUDGE=judged.jsonl go test -run TestSegmentJudge ./alerting/wording

type judged struct {
	Text     string   `json:"text"`
	Parts    int      `json:"parts,omitempty"`
	Encoding Encoding `json:"encoding,omitempty"`
}

func TestSegmentJudge(t *testing.T) {
	name := os.Getenv("TOCSIN_TEST_SEGMENT_JUDGE")
	if name == "" {
		t.Skip("TOCSIN_TEST_SEGMENT_JUDGE names no file of judged texts")
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	seen := map[Encoding]int{}
	for n := 1; lines.Scan(); n++ {
		var want judged
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
		parts, encoding := Segments(want.Text)
		if parts != want.Parts || encoding != want.Encoding {
			t.Errorf("line %d: %d %s, the judge says %d %s: %q", n, parts, encoding, want.Parts, want.Encoding, want.Text)
		}
		seen[encoding]++
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if seen[GSM7] == 0 || seen[UCS2] == 0 {
		t.Errorf("judged %v, want texts of both encodings", seen)
	}
	t.Logf("judged %v", seen)
}

func TestSegmentTexts(t *testing.T) {
	name := os.Getenv("TOCSIN_TEST_SEGMENT_TEXTS")
	if name == "" {
		t.Skip("TOCSIN_TEST_SEGMENT_TEXTS names no file to write")
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	enc := json.NewEncoder(f)
	for _, text := range segmentTexts(2000) {
		if err := enc.Encode(judged{Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// segmentTexts makes texts whose lengths crowd around the borders of one to five parts.
func segmentTexts(n int) []string {
	random := rand.New(rand.NewPCG(7, 2026))
	alphabets := [][]string{
		strings.Split("abcdefghij KLMNOPQRST 0123456789 .,:;!?-+*/()\"'", ""),
		strings.Split("àäåæèéìñòöøùüßÄÅÆÉÑÖØÜÇ£¥§¿¡¤ΔΦΓΛΩΠΨΣΘΞ@$_\r\n", ""),
		strings.Split("^{}[]~|\\€\f", ""),
		strings.Split("áíóúçêãõ“”‘’–—…ÁłžŞ`", ""),
		strings.Split("洪水红色预警请立即转移到高处。，！？【】、", ""),
		strings.Split("наводнениедвигайтесь", ""),
		strings.Split("فيضانتحركإلىمكانمرتفع،؟", ""),
		{"बा", "ढ़", "चे", "ता", "नी", "ก้", "น้ำ", "ท่", "วม", "각", "한", "ệ", "e\u0301", "a\u0308\u0323"},
		{"🌊", "🔥", "🚨", "𝔸", "🏠", "𠀀", "👍🏽", "👨‍👩‍👧", "🇪🇸", "❤️", "1️⃣", "👩‍🚒", "☀"},
	}
	borders := []int{1, 67, 70, 134, 140, 153, 160, 201, 268, 306, 320, 459, 480, 612}
	texts := []string{"", "a", "€", "🌊", "\r\n", "\n", strings.Repeat("a", 160), strings.Repeat("a", 161),
		strings.Repeat("€", 80), strings.Repeat("€", 81), strings.Repeat("洪", 70), strings.Repeat("洪", 71)}
	for len(texts) < n {
		mixed := [][]string{alphabets[random.IntN(len(alphabets))]}
		for random.IntN(3) > 0 && len(mixed) < 4 {
			mixed = append(mixed, alphabets[random.IntN(len(alphabets))])
		}
		want := borders[random.IntN(len(borders))] + random.IntN(9) - 4
		var b strings.Builder
		for range want {
			alphabet := mixed[min(random.IntN(len(mixed)*2), len(mixed)-1)]
			b.WriteString(alphabet[random.IntN(len(alphabet))])
		}
		texts = append(texts, b.String())
	}
	return texts
}
