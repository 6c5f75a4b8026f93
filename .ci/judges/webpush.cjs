// Plays a push service with the npm package web-push-testing, on loopback and a free port (the package's own command
// listens on every address). Prints its URL, and ends on SIGTERM.
const { createServer } = require('http');
const { PushApiModel } = require('web-push-testing/src/PushApiModel');
const WebPushTestingServer = require('web-push-testing/src/server');

const model = new PushApiModel();
const service = new WebPushTestingServer(model, 0);
service.setRequestHandlers();
const server = createServer(service._app).listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  model.notifyUrl = `${url}/notify/`;
  process.stdout.write(url + '\n');
});
process.on('SIGTERM', () => process.exit(0));
