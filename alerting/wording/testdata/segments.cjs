// Counts each text of stdin (JSON lines {"text"}) with the npm package sms-segments-calculator and writes
// {"text","parts","encoding"} for TestSegmentJudge. Smart encoding is off: it would replace characters before it counts.
const { SegmentedMessage } = require('sms-segments-calculator');
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { text } = JSON.parse(line);
  const counted = new SegmentedMessage(text, 'auto', false);
  process.stdout.write(JSON.stringify({ text, parts: counted.segmentsCount, encoding: counted.encodingName }) + '\n');
});
