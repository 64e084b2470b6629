package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/rules"
)

// scopeOptions are the flags of what is asked about.
type scopeOptions struct {
	since, until, around string
	hosts                []string
}

func (o *scopeOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "only failures from this time on (UTC): 2010-03-14, 2010-03-14T22:00, 22:00 of the last event's day, or -2d before the last event")
	f.StringVar(&o.until, "until", "", "only failures before this time, or so long after --since: +2h")
	f.StringVar(&o.around, "around", "", "only failures around this time: 2010-03-14T23:02, or with a margin other than 30 minutes 2010-03-14T23:02±5m")
	f.StringSliceVar(&o.hosts, "host", nil, "only failures on these computers, by full or short name")
}

// given reports whether not everything is asked about.
func (o *scopeOptions) given() bool {
	return o.since != "" || o.until != "" || o.around != "" || len(o.hosts) > 0
}

// scope returns what is asked about. Last gives the time of the last event; it is
// called if times count from that.
func (o *scopeOptions) scope(last func() (time.Time, error)) (rules.Scope, error) {
	var s rules.Scope
	if o.around != "" && (o.since != "" || o.until != "") {
		return s, fmt.Errorf("--around says both --since and --until: give either")
	}
	moment, margin, err := o.margin()
	if err != nil {
		return s, err
	}
	q, err := query.Parse(terms("since", moment, "until", o.until, "host", strings.Join(o.hosts, `","`)))
	if err != nil {
		return s, fmt.Errorf("what is asked about: %w", err)
	}
	var env query.Env
	if q.NeedsLast() {
		if env.Last, err = last(); err != nil {
			return s, err
		}
	}
	b, err := q.Bounds(env)
	if err != nil {
		return s, fmt.Errorf("what is asked about: %w", err)
	}
	s = rules.Scope{From: b.From, To: b.To, Host: b.Computer, Names: o.hosts}
	if o.around != "" {
		s.From, s.To = b.From.Add(-margin), b.From.Add(margin+time.Nanosecond)
	}
	if !s.To.IsZero() && !s.From.Before(s.To) {
		return s, fmt.Errorf("no time is both from %s on and before %s", s.From.UTC().Format(time.RFC3339), s.To.UTC().Format(time.RFC3339))
	}
	return s, nil
}

// aroundMargin is what --around means without a margin.
const aroundMargin = 30 * time.Minute

// margin splits --around, or returns --since.
func (o *scopeOptions) margin() (moment string, margin time.Duration, err error) {
	if o.around == "" {
		return o.since, 0, nil
	}
	for _, sign := range []string{"±", "+-", "+/-"} {
		if moment, text, ok := strings.Cut(o.around, sign); ok {
			if margin, err = time.ParseDuration(text); err != nil || margin < 0 {
				return "", 0, fmt.Errorf("--around %s: %q is no margin: want for example 10m or 2h", o.around, text)
			}
			return moment, margin, nil
		}
	}
	return o.around, aroundMargin, nil
}

// terms makes a query of pairs of field and value. An empty value is no term.
func terms(pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, fmt.Sprintf(`%s:"%s"`, pairs[i], pairs[i+1]))
		}
	}
	return strings.Join(list, " ")
}
