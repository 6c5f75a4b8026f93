package stream

import (
	"cmp"
	"slices"

	"github.com/segmentio/kafka-go"
)

// evenly assigns partitions so that every member has equally many, and equally many of each topic as far as that
// goes. It sorts what it is given, because a broker lists members in any order: every leader gets the same result.
type evenly struct{}

// ProtocolName is that of kafka.GroupBalancer.
func (evenly) ProtocolName() string { return "tocsin-evenly" }

// UserData is that of kafka.GroupBalancer.
func (evenly) UserData() ([]byte, error) { return nil, nil }

// AssignGroups gives each partition, in order, to the member that has the fewest so far, the lowest id first. Topics
// that few members read come first: while versions are mixed, the others can make up for them.
func (evenly) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	members, partitions = slices.Clone(members), slices.Clone(partitions)
	slices.SortFunc(members, func(a, b kafka.GroupMember) int { return cmp.Compare(a.ID, b.ID) })
	readers := map[string]int{}
	for _, m := range members {
		for _, t := range m.Topics {
			readers[t]++
		}
	}
	slices.SortFunc(partitions, func(a, b kafka.Partition) int {
		return cmp.Or(cmp.Compare(readers[a.Topic], readers[b.Topic]), cmp.Compare(a.Topic, b.Topic),
			cmp.Compare(a.ID, b.ID))
	})
	out := kafka.GroupMemberAssignments{}
	count := map[string]int{}
	for _, m := range members {
		out[m.ID] = map[string][]int{}
	}
	for _, p := range partitions {
		least := ""
		for _, m := range members {
			if slices.Contains(m.Topics, p.Topic) && (least == "" || count[m.ID] < count[least]) {
				least = m.ID
			}
		}
		if least != "" {
			out[least][p.Topic] = append(out[least][p.Topic], p.ID)
			count[least]++
		}
	}
	return out
}
