package tui

// A list is a cursor over rows that are rendered when they are seen. It knows
// nothing of the rows but their number, so a million costs what ten do.
type list struct {
	n      int // of rows
	cursor int
	top    int // first row on the page
	height int // of the page, when it was last shown
}

// resize sets the number of rows; the cursor stays where it is, if it can.
func (l *list) resize(n int) {
	l.n = n
	l.moveTo(l.cursor)
}

func (l *list) moveTo(row int) {
	l.cursor = max(0, min(row, l.n-1))
	l.scroll()
}

// scroll moves the page so that the cursor is on it.
func (l *list) scroll() {
	h := max(1, l.height)
	if l.cursor < l.top {
		l.top = l.cursor
	}
	if l.cursor >= l.top+h {
		l.top = l.cursor - h + 1
	}
	l.top = max(0, min(l.top, l.n-h))
}

// move does the actions that move a cursor; false: it is another.
func (l *list) move(act action) bool {
	pageful := max(1, l.height-1)
	switch act {
	case actUp:
		l.moveTo(l.cursor - 1)
	case actDown:
		l.moveTo(l.cursor + 1)
	case actPageUp:
		l.moveTo(l.cursor - pageful)
	case actPageDown:
		l.moveTo(l.cursor + pageful)
	case actTop:
		l.moveTo(0)
	case actBottom:
		l.moveTo(l.n - 1)
	default:
		return false
	}
	return true
}

// render calls row for each row of the page.
func (l *list) render(width, height int, row func(i int) string) []string {
	l.height = height
	l.scroll()
	var lines []string
	for i := l.top; i < min(l.n, l.top+height); i++ {
		lines = append(lines, row(i))
	}
	return page(lines, width, height)
}
