package search

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func tokensOf(s string) []string {
	var out []string
	eachToken(fold(s), func(t token) { out = append(out, t.field+" "+t.term) })
	return out
}

func TestTokens(t *testing.T) {
	for in, want := range map[string][]string{
		"":                             nil,
		" ,;()":                        nil,
		"The Writer's":                 {"word the", "word writer", "word s"},
		"8229 0x800423F4 0x":           {"num 8229", "num 0x800423f4", "num 0", "word x"},
		"HarddiskVolume12":             {"word harddiskvolume", "num 12"},
		"SQL01.contoso.com":            {"word sql", "num 01", "word contoso", "word com"},
		"dead BEEF dead1":              {"word dead", "word beef", "num dead1"},
		"x86 0xg 10x8":                 {"word x", "num 86", "num 0", "word xg", "num 10", "word x", "num 8"},
		`C:\ClusterStorage\Volume1_a`:  {"word c", "word clusterstorage", "word volume", "num 1", "word a"},
		"2B0E7A58-6d6c-4c5f":           {"num 2b0e7a58", "num 6d6c", "num 4c5f"},
		"für ÄRGER":                    {"word für", "word ärger"},
		"仮想マシンSQL1":                    {"word 仮", "word 想", "word マ", "word シ", "word ン", "word sql", "num 1"},
		"a\xffb\u00a0c\u2028d":         {"word a", "word b", "word c", "word d"},
		"K9":                           {"word k", "num 9"}, // KELVIN SIGN folds to k
		strings.Repeat("a", maxToken):  {"word " + strings.Repeat("a", maxToken)},
		strings.Repeat("ag", maxToken): {"word " + overlong},
		strings.Repeat("0f", maxToken): {"num " + overlong},
		strings.Repeat("1", 65) + "vm" + strings.Repeat("x", 65): {"num " + overlong, "word " + overlong},
	} {
		if diff := cmp.Diff(want, tokensOf(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func TestNeedle(t *testing.T) {
	exact := func(field, term string) clue { return clue{token{field, term}, true, true} }
	begins := func(field, term string) clue { return clue{token{field, term}, true, false} }
	for in, want := range map[string]needle{
		"":           nil,
		"8229":       nil, // numbers are too many to look into
		"bad":        nil, // may stand in a number
		"vm":         nil, // in too many words
		"no vm":      {{{begins(fieldWord, "vm")}}},
		"harddisk":   {{{{token{fieldWord, "harddisk"}, false, false}}}},
		"isk failed": {{{{token{fieldWord, "isk"}, false, true}}}, {{begins(fieldWord, "failed")}}},
		"sql01":      {{{{token{fieldWord, "sql"}, false, true}, begins(fieldNum, "01")}}},
		"0x800423f4": {{{begins(fieldNum, "0x800423f4")}, {exact(fieldWord, "x"), exact(fieldNum, "800423"), exact(fieldWord, "f")}}},
		"x8004 a":    {{{exact(fieldNum, "0x8004")}, {exact(fieldNum, "8004")}}},
		"2b0e7a58-6d6c-4c5f-9b44-0c2f3a1d2e12": {
			{{exact(fieldNum, "6d6c")}}, {{exact(fieldNum, "4c5f")}}, {{exact(fieldNum, "9b44")}},
			{{begins(fieldNum, "0c2f3a1d2e12")}, {exact(fieldNum, "0"), exact(fieldWord, "c"), exact(fieldNum, "2"), exact(fieldWord, "f"),
				exact(fieldNum, "3"), exact(fieldWord, "a"), exact(fieldNum, "1"), exact(fieldWord, "d"), exact(fieldNum, "2"), exact(fieldWord, "e"), begins(fieldNum, "12")}},
		},
		"(" + strings.Repeat("ab1", 40) + ")": {{{exact(fieldNum, overlong)}}},
	} {
		if diff := cmp.Diff(want, newNeedle(in), cmp.AllowUnexported(clue{}, token{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

// holds reports whether what a needle says is true of tokens.
func (n needle) holds(tokens []token) bool {
	for _, alternatives := range n {
		if !anyHolds(alternatives, tokens) {
			return false
		}
	}
	return true
}

func anyHolds(alternatives []clues, tokens []token) bool {
	for _, list := range alternatives {
		all := true
		for _, c := range list {
			some := false
			for _, t := range tokens {
				some = some || t.field == c.field && c.fits(t.term)
			}
			all = all && some
		}
		if all {
			return true
		}
	}
	return false
}

// FuzzNeedle: what the needle of a part says is true of the tokens of every
// text that contains the part.
func FuzzNeedle(f *testing.F) {
	for _, s := range []string{
		`Writer Instance ID: {2b0e7a58-6d6c-4c5f-9b44-0c2f3a1d2e12} 0x800423f4 on SQL01\HarddiskVolume12`,
		"ÄRGER mit 仮想マシン, 10x8004 and x86_64; dead beef", strings.Repeat("0123456789abcdef", 5) + "z9" + strings.Repeat("q", 70),
	} {
		for from := 0; from < len(s); from += 7 {
			f.Add(s, uint(from), uint(from+9))
		}
	}
	f.Fuzz(func(t *testing.T, s string, from, to uint) {
		s = fold(s)
		a, b := from%uint(len(s)+1), to%uint(len(s)+1)
		for a < uint(len(s)) && !utf8.RuneStart(s[a]) {
			a++
		}
		for b < uint(len(s)) && !utf8.RuneStart(s[b]) {
			b++
		}
		if a > b {
			a, b = b, a
		}
		var tokens []token
		eachToken(s, func(t token) { tokens = append(tokens, t) })
		if n := newNeedle(s[a:b]); !n.holds(tokens) {
			t.Errorf("%q in %q: %v does not hold of %v", s[a:b], s, n, tokens)
		}
	})
}
