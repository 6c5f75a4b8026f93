package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/cmd/tocsin/client"
)

// completionPatience is how long a shell that completes a word waits for the API; without an answer it offers nothing.
const completionPatience = 2 * time.Second

// completeIDs lets shells complete the ids that verbs take first: those of the latest alerts, drafts and changes, and the names of gateways, as the API lists them
// to whoever asks.
func (t *terminal) completeIDs(c *cobra.Command) {
	for _, child := range c.Commands() {
		t.completeIDs(child)
	}
	words := strings.Fields(c.Use)
	if len(words) < 2 || c.ValidArgsFunction != nil {
		return
	}
	list := map[string]func(context.Context, *client.Client) ([]string, error){
		"ALERT": alertIDs, "DRAFT": draftIDs, "CHANGE": changeIDs, "GATEWAY": gatewayNames}[strings.Trim(words[1], "[]")]
	if list == nil {
		return
	}
	c.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		api, err := t.client()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
		defer cancel()
		ids, err := list(ctx, api)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}

func alertIDs(ctx context.Context, api *client.Client) (ids []string, err error) {
	all, err := api.List(ctx, client.Paging{})
	for _, a := range all {
		ids = append(ids, a.Alert.String()+"\t"+a.State)
	}
	return ids, err
}

func draftIDs(ctx context.Context, api *client.Client) (ids []string, err error) {
	all, err := api.Drafts(ctx, nil, client.Paging{})
	for _, d := range all {
		ids = append(ids, d.ID+"\t"+string(d.State)+" "+d.Title)
	}
	return ids, err
}

func gatewayNames(ctx context.Context, api *client.Client) (names []string, err error) {
	all, err := api.Gateways(ctx, client.Paging{})
	for _, g := range all {
		names = append(names, g.Name+"\t"+string(g.Channel)+" "+rateText(g.InForce))
	}
	return names, err
}

func changeIDs(ctx context.Context, api *client.Client) (ids []string, err error) {
	all, err := api.Changes(ctx, []string{"open"}, client.Paging{})
	for _, p := range all {
		ids = append(ids, p.ID+"\t"+p.Kind)
	}
	return ids, err
}
