package evtx

import "github.com/vsswhy/vsswhy/ingest/event"

// A slot is a property of the System element, which stands at a fixed place of
// a plan.
type slot uint8

const (
	slotNone slot = iota
	slotProvider
	slotProviderGUID
	slotEventSource
	slotID
	slotQualifiers
	slotVersion
	slotLevel
	slotTask
	slotOpcode
	slotKeywords
	slotTime
	slotRecord
	slotActivity
	slotProcess
	slotThread
	slotChannel
	slotComputer
	slotUser
	numSlots
)

// isNumber reports whether the property is a number.
func (s slot) isNumber() bool {
	switch s {
	case slotID, slotQualifiers, slotVersion, slotLevel, slotTask, slotOpcode, slotKeywords, slotRecord, slotProcess, slotThread:
		return true
	}
	return false
}

// slotOf returns the slot of a child of System, or of an attribute of one.
func slotOf(element, attribute string) slot {
	if attribute == "" {
		return slotOfText(element)
	}
	switch element {
	case "Provider":
		switch attribute {
		case "Name":
			return slotProvider
		case "Guid":
			return slotProviderGUID
		case "EventSourceName":
			return slotEventSource
		}
	case "EventID":
		if attribute == "Qualifiers" {
			return slotQualifiers
		}
	case "TimeCreated":
		if attribute == "SystemTime" {
			return slotTime
		}
	case "Correlation":
		if attribute == "ActivityID" {
			return slotActivity
		}
	case "Execution":
		switch attribute {
		case "ProcessID":
			return slotProcess
		case "ThreadID":
			return slotThread
		}
	case "Security":
		if attribute == "UserID" {
			return slotUser
		}
	}
	return slotNone
}

func slotOfText(element string) slot {
	switch element {
	case "EventID":
		return slotID
	case "Version":
		return slotVersion
	case "Level":
		return slotLevel
	case "Task":
		return slotTask
	case "Opcode":
		return slotOpcode
	case "Keywords":
		return slotKeywords
	case "EventRecordID":
		return slotRecord
	case "Channel":
		return slotChannel
	case "Computer":
		return slotComputer
	}
	return slotNone
}

// A head is what is read of every record, wanted or not: what decides whether
// it is wanted, and what its stream needs.
type head struct {
	signs
	id     uint32
	record uint64
	time   ticks
}

// asked reports whether the decoded event is wanted.
func (h *head) asked(e *event.Event) bool {
	return h.provider.wants.WantsEvent(e) || h.source.wants.WantsEvent(e)
}

// readHead reads the head of a record. What System lacks comes from the record's
// own header, whose number and time are right only where the log was not saved
// from a selection.
func (d *decoder) readHead(r *record) error {
	id, ok := d.number(r, slotID)
	if !ok {
		return errNoEventID
	}
	h := &r.head
	h.id = uint32(id)
	d.readSigns(r)
	if h.record, ok = d.number(r, slotRecord); !ok {
		h.record = r.header.id()
	}
	if h.time = d.slot(r, slotTime).ticks(); h.time == 0 {
		h.time = r.header.time()
	}
	return nil
}

// Signs say who wrote an event, and where.
type signs struct {
	provider *provider
	source   *provider
	computer string
	channel  string
}

// readSigns reads those of a record. Most are stated by the plan.
func (d *decoder) readSigns(r *record) {
	p := r.plan
	if !p.signed {
		p.signed = true
		p.signs = signs{
			d.provider(p.literals[slotProvider].value), d.provider(p.literals[slotEventSource].value),
			d.name(&d.computers, p.literals[slotComputer].value), d.name(&d.channels, p.literals[slotChannel].value),
		}
	}
	s := &r.head.signs
	*s = p.signs
	if p.slots[slotProvider] > 0 {
		s.provider = d.provider(d.slot(r, slotProvider))
	}
	if p.slots[slotEventSource] > 0 {
		s.source = d.provider(d.slot(r, slotEventSource))
	}
	if p.slots[slotComputer] > 0 {
		s.computer = d.name(&d.computers, d.slot(r, slotComputer))
	}
	if p.slots[slotChannel] > 0 {
		s.channel = d.name(&d.channels, d.slot(r, slotChannel))
	}
}

// slot returns the value of a System property; a NULL if the record has none.
func (d *decoder) slot(r *record, s slot) value {
	if sub := r.plan.slots[s]; sub > 0 {
		return d.value(r.values.sub(sub - 1))
	}
	return r.plan.literals[s].value
}

// number returns the value of a System property that is a number.
func (d *decoder) number(r *record, s slot) (n uint64, ok bool) {
	if sub := r.plan.slots[s]; sub > 0 {
		return d.value(r.values.sub(sub - 1)).number()
	}
	lit := &r.plan.literals[s]
	return lit.number, lit.isNum
}

// activity returns the text of a GUID that changes now and then.
func (d *decoder) activity(r *record) string {
	if sub := r.plan.slots[slotActivity]; sub > 0 {
		return d.tell(&r.plan.activity, r.values.sub(sub-1))
	}
	return d.name(&d.guids, r.plan.literals[slotActivity].value)
}

// properties fills the System properties of an event.
func (d *decoder) properties(e *event.Event, r *record) {
	h := &r.head
	number := func(s slot) uint64 {
		n, _ := d.number(r, s)
		return n
	}
	e.Ref = event.Ref{Source: d.source, Offset: d.base + int64(r.off)}
	e.Record, e.Time, e.ID = h.record, h.time.time(), h.id
	e.Computer, e.Channel = h.computer, h.channel
	e.Provider, e.EventSource = h.provider.name, h.source.name
	e.ProviderGUID = d.name(&d.guids, d.slot(r, slotProviderGUID))
	e.Qualifiers = uint16(number(slotQualifiers))
	e.Version = uint8(number(slotVersion))
	e.Level = event.Level(number(slotLevel))
	e.Task = uint16(number(slotTask))
	e.Opcode = uint8(number(slotOpcode))
	e.Keywords = number(slotKeywords)
	e.ActivityID = d.activity(r)
	e.ProcessID = uint32(number(slotProcess))
	e.ThreadID = uint32(number(slotThread))
	e.UserID = d.name(&d.users, d.slot(r, slotUser))
}

// provider returns what is known of the provider that a value names.
func (d *decoder) provider(v value) *provider {
	if v.typ == typeNull || len(v.data) == 0 {
		return d.unnamed
	}
	e, ok := d.providers.get(v.data)
	if !ok || e.val.typ != v.typ {
		p := newProvider(string(v.appendText(nil)), d.interest)
		e = d.providers.put(v.data, typed[*provider]{v.typ, p}, len(p.name)+64)
	}
	return e.val.val
}

// A typed is what was made of the bytes of a value of a type.
type typed[V any] struct {
	typ byte
	val V
}

// name returns the text of a value that recurs in many records.
func (d *decoder) name(t *table[typed[string]], v value) string {
	if v.typ == typeNull || len(v.data) == 0 {
		return ""
	}
	e, ok := t.get(v.data)
	if !ok || e.val.typ != v.typ {
		text := string(v.appendText(nil))
		e = t.put(v.data, typed[string]{v.typ, text}, len(text))
	}
	return e.val.val
}
