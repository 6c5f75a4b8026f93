package main

import "github.com/spf13/cobra"

func meVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{Use: "me", Short: "Your own account: password, authenticator, passkeys"}
	c.AddCommand(ownPasswordVerb(t), ownAuthenticatorVerb(t), ownPasskeysVerb(t), removePasskeyVerb(t))
	return c
}

func ownPasswordVerb(t *terminal) *cobra.Command {
	var old, next string
	c := &cobra.Command{Use: "password", Short: "Change your password; all your sessions end but this one", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, url, err := t.clientAndURL()
			if err != nil {
				return err
			}
			lines := t.lineReader()
			password, err := t.readPassword(lines, old, "Present password")
			if err != nil {
				return err
			}
			chosen, err := t.newPassword(lines, next)
			if err != nil {
				return err
			}
			o, err := api.OwnPassword(cmd.Context(), password, chosen)
			if err != nil {
				return t.refused(err)
			}
			return t.welcome(url, o)
		}}
	c.Flags().StringVar(&old, "password-file", "", "a file with the present password; left out: it is typed")
	c.Flags().StringVar(&next, "new-password-file", "", "a file with the new one; left out: it is typed twice")
	return c
}

func ownAuthenticatorVerb(t *terminal) *cobra.Command {
	var p proof
	c := &cobra.Command{Use: "authenticator", Short: "Put another authenticator in the place of yours; all your sessions end but this one", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, url, err := t.clientAndURL()
			if err != nil {
				return err
			}
			lines := t.lineReader()
			password, err := t.readPassword(lines, p.passwordFile, "Password")
			if err != nil {
				return err
			}
			s, err := api.BeginTOTP(cmd.Context(), password)
			if err != nil {
				return t.refused(err)
			}
			if err := t.tellSecret(s, p.secretFile); err != nil {
				return err
			}
			code, err := t.askCode(lines, &p)
			if err != nil {
				return err
			}
			o, err := api.ConfirmTOTP(cmd.Context(), code)
			if err != nil {
				return t.refused(err)
			}
			return t.welcome(url, o)
		}}
	c.Flags().StringVar(&p.passwordFile, "password-file", "", "a file with the password; left out: it is typed")
	c.Flags().StringVar(&p.secretFile, "secret-file", "", "write the secret to this new file, and work the code out: for demonstrations")
	return c
}

func ownPasskeysVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "passkeys", Short: "Your passkeys; they are added in a browser", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			me, err := api.Me(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"id", "label", "added"}, value: me.Passkeys}
			for _, p := range me.Passkeys {
				l.rows = append(l.rows, []string{p.ID, p.Label, p.Created.Local().Format("2006-01-02 15:04")})
			}
			return t.show(l)
		}}
}

func removePasskeyVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "remove-passkey ID", Short: "Let one of your passkeys log in no more", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			return t.refusedOr(api.RemovePasskey(cmd.Context(), args[0]))
		}}
}
