package rules

import "fmt"

// A Verdict says how well an issue explains a failure. Greater is stronger.
type Verdict int

// The verdicts.
const (
	NoVerdict Verdict = iota
	RuledOut
	Possible
	Likely
	Confirmed
)

var verdictNames = []string{"", "ruled-out", "possible", "likely", "confirmed"}

func (v Verdict) String() string { return verdictNames[v] }

// ParseVerdict reads a verdict's name.
func ParseVerdict(s string) (Verdict, error) {
	for v := RuledOut; v <= Confirmed; v++ {
		if s == verdictNames[v] {
			return v, nil
		}
	}
	return NoVerdict, fmt.Errorf("%q is no verdict: want confirmed, likely, possible or ruled-out", s)
}

// UnmarshalText reads a verdict's name in a rule.
func (v *Verdict) UnmarshalText(text []byte) (err error) {
	*v, err = ParseVerdict(string(text))
	return err
}

// judge derives the verdict from the outcomes of the criteria; the anchor is
// met (domain, section 4.1):
//
//	ruled-out  an excluding criterion is met
//	confirmed  every required criterion is met, so is what tells it from its
//	           look-alikes (one that is discriminating, if there is any), and no
//	           excluding one can be, so far as logs can show it
//	likely     a discriminating criterion is met, and none that is
//	           discriminating or required is unmet
//	possible   else
//
// What rests on memory alone (MEM) is at most likely, and an excluding
// criterion with a limit caps the verdict instead of ruling out.
func judge(outcomes []*outcome) Verdict {
	limit, allRequired, contradicted := Confirmed, true, false
	discriminating, discriminated := false, false
	for _, o := range outcomes {
		met, unmet := o.state == Met, o.state == Unmet
		switch o.Role {
		case RoleExcluding:
			switch {
			case met && o.Limit == NoVerdict:
				return RuledOut
			case met:
				limit = min(limit, o.Limit)
			case !unmet && !o.Artefact:
				allRequired = false
			}
		case RoleRequired:
			allRequired = allRequired && met
			contradicted = contradicted || unmet
		case RoleDiscriminating:
			discriminating = true
			discriminated = discriminated || met
			contradicted = contradicted || unmet
		}
		if met && o.grade == GradeMEM && (o.Role == RoleAnchor || o.Role == RoleRequired) {
			limit = min(limit, Likely)
		}
	}
	switch {
	case contradicted:
		return min(limit, Possible)
	case allRequired && discriminated == discriminating:
		return min(limit, Confirmed)
	case discriminated:
		return min(limit, Likely)
	}
	return min(limit, Possible)
}
