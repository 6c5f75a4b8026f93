package areatext

// EditorWords are the words of the area editor in a language, "zh" or English: its page writes them as JSON into data-words (see
// pages/web/src/words.ts, which has the same keys; a test compares them).
func EditorWords(language string) map[string]string {
	if language == "zh" {
		return chinese()
	}
	return english()
}

func english() map[string]string {
	return map[string]string{
		"open": "Open the map", "polygon": "Draw a polygon", "circle": "Draw a circle", "edit": "Move corners", "undo": "Undo", "addUnit": "Add the unit",
		"addCorner": "Add a corner at the cross", "placeCircle": "Place the circle at the cross", "close": "Close the polygon", "cancel": "Cancel", "done": "Done",
		"radius": "Radius in kilometres", "remove": "Remove", "show": "Show", "shapes": "What the area consists of", "map": "Map of the area",
		"help":   "Arrow keys move the map, plus and minus zoom. While drawing: Enter adds a corner at the cross, Backspace takes the last one back, C closes, Escape cancels. A click on a unit takes it in or out. The text above says the same as the map.",
		"zoomIn": "Zoom in", "zoomOut": "Zoom out",
		"aPolygon": "polygon with {n} corners near {place}", "aCircle": "circle of {km} km around {place}", "aUnit": "unit {code}", "nothing": "The area is empty.",
		"drawPolygon": "Drawing a polygon: click its corners, and the last one again to end it; or press Enter for each at the cross, and C to close it.",
		"drawCircle":  "Drawing a circle: click its centre and its edge, or press Enter to place it at the cross.",
		"editing":     "Drag corners and shapes. Press “Done” when it is right.",
		"cornerAdded": "Corner {n} at {place}.", "cornerTaken": "{n} corners left.", "cross": "Cross at {place}.",
		"moreCorners": "A polygon needs at least 3 corners; there are {n}.",
		"added":       "Added: {what}.", "removed": "Removed: {what}.", "cancelled": "Drawing was cancelled.",
		"undone": "Undone. {what}", "nothingToUndo": "There is nothing to undo.",
		"converted": "What was pasted is now written as lines of the area.", "notRead": "The text cannot be read yet. {why}",
		"radiusWrong": "Write a radius of more than 0 kilometres.",
		"failed":      "The map cannot be opened now. Write the area as text, or try again.",
		"far":         "Shapes across the antimeridian are changed in the text.",
	}
}

func chinese() map[string]string {
	return map[string]string{
		"open": "打开地图", "polygon": "画多边形", "circle": "画圆", "edit": "移动角点", "undo": "撤销", "addUnit": "添加该行政单元",
		"addCorner": "在十字处添加角点", "placeCircle": "在十字处放置圆", "close": "闭合多边形", "cancel": "取消", "done": "完成",
		"radius": "半径（公里）", "remove": "删除", "show": "显示", "shapes": "区域由以下部分组成", "map": "区域地图",
		"help":   "方向键移动地图，加号和减号缩放。绘制时：回车在十字处添加角点，退格收回上一个，C 闭合，Esc 取消。点击行政单元可选取或取消。上方文字与地图内容一致。",
		"zoomIn": "放大", "zoomOut": "缩小",
		"aPolygon": "{place} 附近 {n} 个角点的多边形", "aCircle": "以 {place} 为中心、半径 {km} 公里的圆", "aUnit": "行政单元 {code}", "nothing": "区域为空。",
		"drawPolygon": "正在画多边形：点击各个角点，再点最后一个角点结束；或按回车在十字处添加，按 C 闭合。",
		"drawCircle":  "正在画圆：先点击圆心再点击边缘，或按回车放在十字处。",
		"editing":     "拖动角点和图形，完成后按“完成”。",
		"cornerAdded": "第 {n} 个角点位于 {place}。", "cornerTaken": "还剩 {n} 个角点。", "cross": "十字位于 {place}。",
		"moreCorners": "多边形至少需要 3 个角点，现有 {n} 个。",
		"added":       "已添加：{what}。", "removed": "已删除：{what}。", "cancelled": "已取消绘制。",
		"undone": "已撤销。{what}", "nothingToUndo": "没有可撤销的操作。",
		"converted": "粘贴的内容已改写为区域文字行。", "notRead": "文字暂时无法读取。{why}",
		"radiusWrong": "请填写大于 0 公里的半径。",
		"failed":      "现在无法打开地图。请用文字填写区域，或重试。",
		"far":         "跨越对向子午线（180°）的图形请在文字中修改。",
	}
}
