package console

import (
	"net/http"
	"runtime"
	"time"

	"tocsin/alerting"
)

// readPatience is how long a read waits for its turn.
const readPatience = 250 * time.Millisecond

// defaultReads is how many reads are answered at once unless the console says otherwise: as many as keep the processors busy
// while some wait for a store. A read may weigh a whole town (a dry run), so this bounds the memory of the API as well.
func defaultReads() int { return 2 * runtime.GOMAXPROCS(0) }

// handler answers a request of a known caller; what it returns as an error is answered as a problem.
type handler func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error

// inTurn answers so many reads at once and sends away, with 429, those that do not get their turn soon: under load questions
// wait, never an order. What issues and cancels does not pass here.
func (c *Console) inTurn(read handler) handler {
	return func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
		patience := time.NewTimer(readPatience)
		defer patience.Stop()
		select {
		case c.reading <- struct{}{}:
			defer func() { <-c.reading }()
			return read(w, r, by)
		case <-patience.C:
		case <-r.Context().Done():
		}
		if c.Shed != nil {
			c.Shed()
		}
		w.Header().Set("Retry-After", "1")
		turnDown(w, r, http.StatusTooManyRequests, "Too many questions at once",
			alerting.Refuse(nil, "request.shed", "ask again in a second; issuing and cancelling go on"))
		return nil
	}
}
