package main

import (
	"math"
	"strconv"
	"strings"

	"tocsin/alerting/report"
)

// dryChannels is what each channel of a dry run does, takes and costs: for a program in seconds, for people in words.
func dryChannels(run report.DryRun, program bool) listing {
	l := listing{header: []string{"channel", "recipients", "permits", "gateways", "time", "cost"}}
	if program {
		l.header[4] = "finish_s"
	}
	for _, c := range run.Channels {
		time := finishWords(c)
		if program {
			time = ""
			if c.FinishS != nil {
				time = strconv.FormatFloat(*c.FinishS, 'f', 3, 64)
			}
		}
		l.rows = append(l.rows, []string{string(c.Channel), strconv.FormatInt(c.Recipients, 10), strconv.FormatInt(c.Cost, 10),
			strings.Join(c.Gateways, " "), time, moneyWords(c.Money)})
	}
	return l
}

// dryTotal sums a dry run up in one line.
func dryTotal(run report.DryRun) string {
	text := "time: no channel has a rate limit"
	switch {
	case run.People+run.Sirens == 0:
		return "time: nobody is told"
	case run.FinishS != nil:
		text = "time: " + inWords(*run.FinishS) + " at the configured rates"
		for _, c := range run.Channels {
			if c.Unlimited {
				text += ", without the channels that have no rate limit"
				break
			}
		}
	}
	if len(run.Money) > 0 {
		text += "; cost: " + moneyWords(run.Money)
	}
	return text
}

func finishWords(c report.DryChannel) string {
	switch {
	case c.Unlimited:
		return "no rate limit"
	case c.FinishS == nil:
		return "-"
	}
	return inWords(*c.FinishS)
}

func moneyWords(all []report.Money) string {
	if len(all) == 0 {
		return "-"
	}
	words := make([]string, len(all))
	for i, m := range all {
		words[i] = m.String()
	}
	return strings.Join(words, " + ")
}

// inWords is a time that is rounded up to what one would say.
func inWords(seconds float64) string {
	minutes := int64(math.Ceil(seconds / 60))
	switch {
	case seconds <= 1:
		return "1 second"
	case seconds <= 120:
		return number(int64(math.Ceil(seconds)), "second")
	case minutes <= 120:
		return number(minutes, "minute")
	}
	text := number(minutes/60, "hour")
	if minutes%60 > 0 {
		text += " " + number(minutes%60, "minute")
	}
	return text
}
