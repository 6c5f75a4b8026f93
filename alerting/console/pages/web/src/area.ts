// The area editor.
export function start(_fieldset: HTMLElement): void {}
