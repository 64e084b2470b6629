package known

import (
	"slices"
	"testing"
)

// TestAll: what is listed is what is found one by one.
func TestAll(t *testing.T) {
	codes := AllCodes()
	if len(codes) != len(codeTable()) || !slices.IsSorted(codes) {
		t.Errorf("%d codes, sorted: %v", len(codes), slices.IsSorted(codes))
	}
	for _, c := range codes {
		if name := c.Name(); name != "" && !slices.Contains(CodesNamed(name), c) {
			t.Errorf("%v is not found by its name %s", c, name)
		}
	}
	if got := CodesNamed("vss_e_writererror_nonretryable"); !slices.Equal(got, []Code{WriterNonRetryable}) {
		t.Errorf("by a name in lower case: %v", got)
	}
	if got := CodesNamed(""); len(got) > 0 {
		t.Errorf("without a name: %v", got)
	}
	for _, e := range AllEvents() {
		if got := Summary(e.Provider, e.ID); got != e.Text {
			t.Errorf("%s %d: %q, listed as %q", e.Provider, e.ID, got, e.Text)
		}
	}
}
