package servertest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// RemoveTopics deletes, when the test ends, all topics and consumer groups whose names begin with a prefix of Prefix:
// for tests whose topics are made by other processes. A server that is shared would otherwise keep them for days.
func RemoveTopics(t testing.TB, brokers []string, prefix string) {
	t.Helper()
	if len(prefix) < 8 {
		t.Fatalf("prefix %q could be somebody else's", prefix)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
		if err != nil {
			t.Errorf("remove topics: %v", err)
			return
		}
		defer client.Close()
		if err := errors.Join(removeTopics(ctx, client, prefix), removeGroups(ctx, client, prefix)); err != nil {
			t.Errorf("remove topics and groups of %s: %v", prefix, err)
		}
	})
}

func removeTopics(ctx context.Context, client *kgo.Client, prefix string) error {
	ask := kmsg.NewPtrMetadataRequest()
	ask.Topics = nil // all of them
	known, err := ask.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	remove := kmsg.NewPtrDeleteTopicsRequest()
	for _, topic := range known.Topics {
		if topic.Topic == nil || !strings.HasPrefix(*topic.Topic, prefix) {
			continue
		}
		remove.TopicNames = append(remove.TopicNames, *topic.Topic)
		one := kmsg.NewDeleteTopicsRequestTopic()
		one.Topic = topic.Topic
		remove.Topics = append(remove.Topics, one)
	}
	if len(remove.TopicNames) == 0 {
		return nil
	}
	_, err = remove.RequestWith(ctx, client)
	return err
}

// removeGroups leaves alone what still has a member; a server forgets such groups by itself.
func removeGroups(ctx context.Context, client *kgo.Client, prefix string) error {
	known, err := kmsg.NewPtrListGroupsRequest().RequestWith(ctx, client)
	if err != nil {
		return err
	}
	remove := kmsg.NewPtrDeleteGroupsRequest()
	for _, group := range known.Groups {
		if strings.HasPrefix(group.Group, prefix) {
			remove.Groups = append(remove.Groups, group.Group)
		}
	}
	if len(remove.Groups) == 0 {
		return nil
	}
	_, err = remove.RequestWith(ctx, client)
	return err
}
