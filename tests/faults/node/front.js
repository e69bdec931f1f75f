// A front as many have it: Express with compression and http-proxy. Its argument is a JSON file.
const fs = require("fs");
const compression = require("compression");
const express = require("express");
const httpProxy = require("http-proxy");

const wanted = JSON.parse(fs.readFileSync(process.argv[2]));
const app = express();
if (wanted.compression) {
  app.use(compression(wanted.compression));
}
if (wanted.lifetime) {
  app.use((request, response, next) => {
    const timer = setTimeout(() => response.destroy(), wanted.lifetime);
    response.on("close", () => clearTimeout(timer));
    next();
  });
}
const proxy = httpProxy.createProxyServer(wanted.proxy);
if (wanted.follows) {
  proxy.on("proxyReq", (ahead, request, response) => {
    response.on("close", () => ahead.destroy());
  });
}
if (wanted.late) {
  // Nothing passes by itself: the first chunk can come together with the headers.
  proxy.on("proxyRes", (answer, request, response) => {
    response.writeHead(answer.statusCode, answer.headers);
    response.flushHeaders();
    answer.on("data", (part) => setTimeout(() => response.write(part), wanted.late));
    answer.on("end", () => setTimeout(() => response.end(), wanted.late + 1));
  });
}
if (wanted.stalls) {
  proxy.on("proxyRes", (answer, request, response) => {
    setTimeout(() => answer.unpipe(response), wanted.stalls);
  });
}
app.use((request, response) => {
  proxy.web(request, response, { selfHandleResponse: Boolean(wanted.late) }, (error) => {
    if (response.headersSent) {
      response.destroy();
    } else {
      response.status(502).end(String(error));
    }
  });
});
app.listen(wanted.listen);
