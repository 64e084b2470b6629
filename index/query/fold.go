package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text compares by the lower-case forms of its characters (unicode.ToLower),
// as event.Interest compares providers, so that an Interest never leaves out
// what a term would match. The functions below do not allocate, which comparing
// with strings.ToLower would for nearly every value; their second argument is
// in lower case already.

// cutFold returns what follows prefix in s.
func cutFold(s, prefix string) (rest string, ok bool) {
	for prefix != "" {
		switch {
		case s == "":
			return "", false
		case s[0] < utf8.RuneSelf && prefix[0] < utf8.RuneSelf:
			if lowerASCII(s[0]) != prefix[0] {
				return "", false
			}
			s, prefix = s[1:], prefix[1:]
		default:
			r, n := utf8.DecodeRuneInString(s)
			want, m := utf8.DecodeRuneInString(prefix)
			if unicode.ToLower(r) != want {
				return "", false
			}
			s, prefix = s[n:], prefix[m:]
		}
	}
	return s, true
}

// containsFold reports whether s contains sub, which is not empty.
func containsFold(s, sub string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf && lowerASCII(c) != sub[0] {
			i++
			continue
		}
		if _, ok := cutFold(s[i:], sub); ok {
			return true
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		i += n
	}
	return false
}

func lowerASCII(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// A pattern is a name as a query gives it, ready for comparison.
type pattern struct {
	low    string
	prefix bool // it ended in *, and stands for all names that begin so
}

func newPattern(name string) pattern {
	low, prefix := strings.CutSuffix(strings.ToLower(name), "*")
	return pattern{low, prefix}
}

func (p pattern) matches(name string) bool {
	rest, ok := cutFold(name, p.low)
	return ok && (p.prefix || rest == "")
}

type patterns []pattern

func newPatterns(names []string) patterns {
	list := make(patterns, len(names))
	for i, name := range names {
		list[i] = newPattern(name)
	}
	return list
}

func (list patterns) match(name string) bool {
	for _, p := range list {
		if p.matches(name) {
			return true
		}
	}
	return false
}

// matchHost: a short name stands for every DNS name that it begins.
func (list patterns) matchHost(name string) bool {
	short, _, _ := strings.Cut(name, ".")
	return list.match(name) || len(short) < len(name) && list.match(short)
}

// shortenings are what names of providers and channels may be given without,
// the longest first. The query's patterns and its Interest both go by them.
var shortenings = [...]string{"microsoft-windows-hyper-v-", "microsoft-windows-", ""}

// matchShort matches a name, or what is left of it without a shortening.
func (list patterns) matchShort(name string) bool {
	for _, s := range shortenings {
		if rest, ok := cutFold(name, s); ok && list.match(rest) {
			return true
		}
	}
	return false
}

// ShortName returns the shortest form of a provider's or channel's name that
// a query understands.
func ShortName(name string) string {
	for _, s := range shortenings {
		if rest, ok := cutFold(name, s); ok && rest != "" {
			return rest
		}
	}
	return name
}
