package scene

import (
	"strings"
)

// Values of Hyper-V events are told apart by their shape, not their position:
// the order is sourced for few ids only, and it differs between dialects.

// isGUID reports whether s is a GUID, with or without braces.
func isGUID(s string) bool {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}")
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

// normalGUID brings a GUID to capitals without braces, the form in which
// Hyper-V names virtual machines.
func normalGUID(s string) string {
	return strings.ToUpper(strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}"))
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// isPath reports whether s looks like a Windows path: a drive, a UNC or device
// path.
func isPath(s string) bool {
	return len(s) >= 3 && s[1] == ':' && s[2] == '\\' || strings.HasPrefix(s, `\\`)
}

// isNumber reports whether s is digits, perhaps signed, hexadecimal or a
// parameter reference (%%N).
func isNumber(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "%%"), "-")
	hex := strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X")
	if hex {
		s = s[2:]
	}
	for i := range len(s) {
		if !(s[i] >= '0' && s[i] <= '9' || hex && isHex(s[i]) || s[i] == '.') {
			return false
		}
	}
	return s != ""
}

// findGUIDs returns the GUIDs in braces that stand in a text, in lower case
// with braces, as VSS names its writers; at most maxSeen.
func findGUIDs(s string) []string {
	var found []string
	for {
		i := strings.IndexByte(s, '{')
		if i < 0 || len(s) < i+38 || len(found) == maxSeen {
			return found
		}
		if g := s[i : i+38]; g[37] == '}' && isGUID(g) {
			found = append(found, strings.ToLower(g))
			s = s[i+38:]
		} else {
			s = s[i+1:]
		}
	}
}

const clusterStorage = `\clusterstorage\`

// csvNames returns the names of the cluster shared volumes that a text's paths
// lie on: VolumeN of C:\ClusterStorage\VolumeN\….
func csvNames(s string) []string {
	var names []string
	for {
		i := strings.IndexByte(s, '\\')
		switch {
		case i < 0 || len(s)-i < len(clusterStorage):
			return names
		case !strings.EqualFold(s[i:i+len(clusterStorage)], clusterStorage):
			s = s[i+1:]
			continue
		}
		s = s[i+len(clusterStorage):]
		end := 0
		for end < len(s) && !strings.ContainsRune("\\/\"'<>|:*?\r\n\t,;()", rune(s[end])) {
			end++
		}
		if name := strings.TrimSpace(s[:end]); name != "" {
			names = append(names, name)
		}
		s = s[end:]
	}
}

// volumeName brings the spellings of a cluster shared volume in cluster events
// to its plain name: "Volume1", `C:\ClusterStorage\Volume1`.
func volumeName(s string) string {
	if names := csvNames(s); len(names) > 0 {
		return names[0]
	}
	return strings.TrimRight(s, `\`)
}

// shortName is the first label of a computer's name, in lower case. Addresses
// have no labels.
func shortName(name string) string {
	name = strings.ToLower(name)
	if strings.Trim(name, "0123456789.:") == "" {
		return name
	}
	short, _, _ := strings.Cut(name, ".")
	return short
}
