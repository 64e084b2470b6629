package evtx

// A scope says where in an event an element stands, and so what it means.
type scope uint8

const (
	inDocument  scope = iota // the root: Event
	inEvent                  // System, EventData, UserData, RenderingInfo, …
	inSystem                 // Provider, EventID, …
	inUserData               // the payload element
	inEventData              // Data, Binary, and others that are treated as paths
	inPath                   // anything below
	inRendering              // Message, Level, …
	inNothing                // what is not looked at
)

// A node is what an element means where it stands.
type node struct {
	kind     opKind // what its text is
	child    scope
	payload  bool // it is the payload element
	data     bool // it is EventData/Data, whose Name attribute names the field
	inSystem bool
	dynamic  text // Data/@Name, where it is no literal
}

func classify(s scope, name string) node {
	ignored := node{kind: opIgnored, child: inNothing}
	switch s {
	case inDocument:
		if name == "Event" {
			return node{kind: opIgnored, child: inEvent}
		}
	case inEvent:
		return eventChild(name)
	case inSystem:
		return node{kind: opIgnored, child: inNothing, inSystem: true}
	case inUserData:
		return node{kind: opText, child: inPath, payload: true}
	case inEventData:
		return node{kind: opText, child: inPath, data: name == "Data"}
	case inPath:
		return node{kind: opText, child: inPath}
	case inRendering:
		if name == "Message" {
			return node{kind: opMessage, child: inNothing}
		}
	}
	return ignored
}

// eventChild classifies the children of Event. What the schema may add to
// EventData and UserData (ProcessingErrorData, DebugData, …) is a payload too.
func eventChild(name string) node {
	switch name {
	case "System":
		return node{kind: opIgnored, child: inSystem}
	case "EventData":
		return node{kind: opText, child: inEventData, payload: true}
	case "UserData":
		return node{kind: opIgnored, child: inUserData}
	case "RenderingInfo":
		return node{kind: opIgnored, child: inRendering}
	}
	return node{kind: opText, child: inPath, payload: true}
}
