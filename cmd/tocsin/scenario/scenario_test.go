package scenario

import "testing"

// TestScenarios plays the everyday cases, side by side in one office: each has its own ground and its own people.
func TestScenarios(t *testing.T) {
	t.Parallel()
	office := Open(t, Options{})
	t.Cleanup(func() { wantDiscretion(t, office) })
	for _, s := range []struct {
		name string
		play func(t *testing.T, o *Office)
	}{
		{"a reader of a third language", aThirdLanguage},
		{"somebody who opted out", anOptOut},
		{"a wrong number", aWrongNumber},
		{"two places of one person", twoPlaces},
		{"a person in two areas", twoAreas},
		{"nobody in the area", nobodyThere},
		{"a restricted alert", restricted},
		{"what people want to hear of", filters},
		{"an alert by geocode", geocodes},
		{"an alert for a point", aPoint},
		{"an exercise", anExercise},
		{"delivery is streamed", deliveryIsStreamed},
		{"what anybody may read", publicFeeds},
		{"a warning from a template", fromATemplate},
		{"what a template has prepared", prepared},
		{"an alert, its update and its end", issueUpdateCancel},
		{"the danger is over", theDangerIsOver},
		{"a unit warns inside its territory", aUnitWarnsInside},
		{"an info that is over", anInfoIsOver},
		{"bad input", badInput},
		{"the same file again", sameAgain},
		{"the same file from many at once", manyAtOnce},
		{"rights", rights},
		{"figures", figures},
		{"a record that nobody can use", poisonIsListed},
		{"a file of people with bad lines", badLines},
		{"sirens that do not fit their gateways", sirensThatDoNotFit},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.play(t, office.For(t))
		})
	}
}
