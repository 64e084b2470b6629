package event

import (
	"path"
	"strconv"
	"strings"
)

// messagesFolder is where Windows puts the messages of an exported log.
const messagesFolder = "localemetadata"

// IsMessagesFolder reports whether the messages of the logs beside a folder of
// this name are in it.
func IsMessagesFolder(name string) bool { return strings.EqualFold(name, messagesFolder) }

// MessagesOf tells by its path whether a file has the messages of a log:
// NODE-A/LocaleMetaData/System_1033.MTA has those of NODE-A/System.evtx in the
// language 1033 (an LCID). Log is that log's LogKey.
func MessagesOf(file string) (log string, language int, ok bool) {
	dir, base := path.Split(file)
	dir = strings.TrimSuffix(dir, "/")
	ext := path.Ext(base)
	i := strings.LastIndexByte(base, '_')
	if !IsMessagesFolder(path.Base(dir)) || !strings.EqualFold(ext, ".mta") || i < 0 {
		return "", 0, false
	}
	language, err := strconv.Atoi(base[i+1 : len(base)-len(ext)])
	if err != nil || language < 0 {
		return "", 0, false
	}
	return strings.ToLower(path.Join(path.Dir(dir), base[:i])), language, true
}

// LogKey is the path of a log without what names of one log may differ in: the
// ending, and the case of letters.
func LogKey(file string) string {
	return strings.ToLower(strings.TrimSuffix(path.Clean(file), path.Ext(file)))
}

// English is the language (LCID) that is preferred to others: search engines and
// the vendors' pages know its messages.
const English = 1033

// BetterLanguage reports whether messages in language a are preferred to those in
// b.
func BetterLanguage(a, b int) bool { return b != English && (a == English || a < b) }
