// Package tui is the terminal user interface: screens over a case.
//
// Start with [Run]. An App (Bubble Tea's model) holds a stack of views; the
// lowest is one of the screens of the tab bar, the others were opened from it,
// and Esc goes back. A key is looked up in one table (keys.go) and becomes an
// action, which goes to the view on top. A view renders itself as lines of
// exactly the width that it is given; it is a function of the App alone, with
// no clock and no terminal, so that tests compare pages.
//
// # Safety
//
// No text of a log reaches the terminal but through [clean]; colours are put
// around it afterwards, by [paint]. Commands are shown and copied, never run.
package tui
