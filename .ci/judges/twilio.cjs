// Signs and checks status callbacks with the npm package twilio. Reads JSON lines on stdin and answers each with one:
//   {"do": "sign", "token", "url", "params"}               -> {"signature"}
//   {"do": "check", "token", "url", "params", "signature"} -> {"valid"}
const twilio = require('twilio');
const { getExpectedTwilioSignature } = require('twilio/lib/webhooks/webhooks');
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { do: what, token, url, params, signature } = JSON.parse(line);
  const answer = what === 'sign'
    ? { signature: getExpectedTwilioSignature(token, url, params) }
    : { valid: twilio.validateRequest(token, signature, url, params) };
  process.stdout.write(JSON.stringify(answer) + '\n');
});
