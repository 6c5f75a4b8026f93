package sim

import "net/http"

// MagicRules refuse recipients by how their address ends, so that a drill has some of each kind without setting anything:
//
//	SMS   …0000 invalid (21211)    …1610 opted out (21610)    …1614 no mobile (21614)    …3003 undelivered later (30003)
//	push  …-410 gone               …-404 unknown
//	mail  …+550@… no such user     …+450@… greylisted once    …+552@… mailbox full
func MagicRules() []Rule {
	return []Rule{
		{On: SMS, Kind: Refuse, Match: "0000", Status: http.StatusBadRequest, Code: 21211},
		{On: SMS, Kind: Refuse, Match: "1610", Status: http.StatusBadRequest, Code: 21610},
		{On: SMS, Kind: Refuse, Match: "1614", Status: http.StatusBadRequest, Code: 21614},
		{On: SMS, Kind: CallbackFail, Match: "3003", Code: 30003},
		{On: Push, Kind: Refuse, Match: "-410", Status: http.StatusGone},
		{On: Push, Kind: Refuse, Match: "-404", Status: http.StatusNotFound},
		{On: Mail, Kind: Refuse, Match: "*+550@*", Status: 550},
		{On: Mail, Kind: Refuse, Match: "*+450@*", Status: 450, Once: true},
		{On: Mail, Kind: Refuse, Match: "*+552@*", Status: 552},
	}
}
