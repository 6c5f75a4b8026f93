package serve

import "testing"

func TestTheShareFollowsThePartitions(t *testing.T) {
	share, owned := new(shareOfLimit), 1.0
	if got := share.get(); got != 0 {
		t.Errorf("without partitions the share is %v", got)
	}
	share.follow(func() float64 { return owned })
	owned = .5 // while the batch that brought it is still worked on
	if got := share.get(); got != .5 {
		t.Errorf("the share is %v after half of the partitions went to somebody else", got)
	}
}
