// The words of the area editor. The server gives them in the reader's language as JSON in data-words (areatext.EditorWords); what is
// missing is English. {name} is filled in.
export const english = {
  open: "Open the map",
  polygon: "Draw a polygon",
  circle: "Draw a circle",
  edit: "Move corners",
  undo: "Undo",
  addUnit: "Add the unit",
  addCorner: "Add a corner at the cross",
  placeCircle: "Place the circle at the cross",
  close: "Close the polygon",
  cancel: "Cancel",
  done: "Done",
  radius: "Radius in kilometres",
  remove: "Remove",
  show: "Show",
  shapes: "What the area consists of",
  map: "Map of the area",
  help: "Arrow keys move the map, plus and minus zoom. While drawing: Enter adds a corner at the cross, Backspace takes the last one back, C closes, Escape cancels. A click on a unit takes it in or out. The text above says the same as the map.",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  aPolygon: "polygon with {n} corners near {place}",
  aCircle: "circle of {km} km around {place}",
  aUnit: "unit {code}",
  nothing: "The area is empty.",
  drawPolygon: "Drawing a polygon: click its corners, and the last one again to end it; or press Enter for each at the cross, and C to close it.",
  drawCircle: "Drawing a circle: click its centre and its edge, or press Enter to place it at the cross.",
  editing: "Drag corners and shapes. Press “Done” when it is right.",
  cornerAdded: "Corner {n} at {place}.",
  cornerTaken: "{n} corners left.",
  cross: "Cross at {place}.",
  moreCorners: "A polygon needs at least 3 corners; there are {n}.",
  added: "Added: {what}.",
  removed: "Removed: {what}.",
  cancelled: "Drawing was cancelled.",
  undone: "Undone. {what}",
  nothingToUndo: "There is nothing to undo.",
  converted: "What was pasted is now written as lines of the area.",
  notRead: "The text cannot be read yet. {why}",
  radiusWrong: "Write a radius of more than 0 kilometres.",
  failed: "The map cannot be opened now. Write the area as text, or try again.",
  far: "Shapes across the antimeridian are changed in the text.",
}

export type Words = typeof english

// wordsOf reads the words of an element.
export function wordsOf(element: HTMLElement): Words {
  try {
    return { ...english, ...JSON.parse(element.dataset["words"] ?? "{}") as Partial<Words> }
  } catch {
    return english
  }
}

// filled puts values into a text.
export function filled(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}
