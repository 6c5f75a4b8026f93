package browsertest

import "time"

// key is one as the DevTools protocol wants it.
type key struct {
	name, code, text string
	number           int
}

// keys are those that have no letter; any other key is a letter or digit and stands for itself.
func keys() map[string]key {
	return map[string]key{
		"Enter": {"Enter", "Enter", "\r", 13}, "Escape": {"Escape", "Escape", "", 27}, "Tab": {"Tab", "Tab", "", 9}, "Space": {" ", "Space", " ", 32},
		"Backspace": {"Backspace", "Backspace", "", 8}, "ArrowLeft": {"ArrowLeft", "ArrowLeft", "", 37}, "ArrowUp": {"ArrowUp", "ArrowUp", "", 38},
		"ArrowRight": {"ArrowRight", "ArrowRight", "", 39}, "ArrowDown": {"ArrowDown", "ArrowDown", "", 40},
	}
}

// Press presses keys one after another, as a person does: what has the focus gets them.
func (b *Browser) Press(names ...string) {
	b.t.Helper()
	for _, name := range names {
		k, ok := keys()[name]
		if !ok {
			k = key{name, "Key" + name, name, int(name[0]) &^ 0x20}
		}
		press := map[string]any{"type": "keyDown", "key": k.name, "code": k.code, "windowsVirtualKeyCode": k.number}
		if k.text != "" {
			press["text"] = k.text
		}
		b.call("Input.dispatchKeyEvent", press, nil)
		b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": k.name, "code": k.code, "windowsVirtualKeyCode": k.number}, nil)
	}
}

// Insert writes a text where the focus is, at once, as pasting does.
func (b *Browser) Insert(text string) {
	b.t.Helper()
	b.call("Input.insertText", map[string]any{"text": text}, nil)
}

// Click moves the mouse to a place of the window, in CSS pixels, and clicks there.
func (b *Browser) Click(x, y float64) {
	b.t.Helper()
	b.Drag(x, y, x, y)
}

// Drag presses the mouse at one place of the window and lets it go at another, with some steps between.
func (b *Browser) Drag(fromX, fromY, toX, toY float64) {
	b.t.Helper()
	mouse := func(kind string, x, y float64, buttons int) {
		b.t.Helper()
		event := map[string]any{"type": kind, "x": x, "y": y, "buttons": buttons, "pointerType": "mouse"}
		if kind != "mouseMoved" || buttons > 0 {
			event["button"], event["clickCount"] = "left", 1
		}
		b.call("Input.dispatchMouseEvent", event, nil)
	}
	mouse("mouseMoved", fromX, fromY, 0)
	mouse("mousePressed", fromX, fromY, 1)
	if fromX != toX || fromY != toY {
		const steps = 8
		for i := 1; i <= steps; i++ {
			part := float64(i) / steps
			mouse("mouseMoved", fromX+(toX-fromX)*part, fromY+(toY-fromY)*part, 1)
		}
	}
	mouse("mouseReleased", toX, toY, 0)
}

// Size gives the window a width and a height in CSS pixels.
func (b *Browser) Size(width, height int) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// Screenshot is what the window shows, as PNG.
func (b *Browser) Screenshot() []byte {
	b.t.Helper()
	var shot struct {
		Data []byte `json:"data"`
	}
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	return shot.Data
}

// Await waits until a JavaScript expression is true; a test that waits in vain ends and shows another expression's value.
func (b *Browser) Await(js, otherwise string) {
	b.t.Helper()
	for end := time.Now().Add(patience / 3); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if string(b.Eval(js)) == "true" {
			return
		}
	}
	b.t.Fatalf("%s did not become true: %s", js, b.Eval(otherwise))
}
