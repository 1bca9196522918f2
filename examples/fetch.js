// fetch to a service by name: node examples/fetch.js
import { createDispatcher } from 'signpost/client';

const dispatcher = createDispatcher({
  // Nicer names than _web._tcp.svc.internal, where you want them.
  match: (host) => (host.endsWith('.svc.internal') ? `_${host.split('.')[0]}._tcp.svc.internal` : null),
});

for (const url of ['http://_web._tcp.svc.internal/', 'http://web.svc.internal/']) {
  const response = await fetch(url, { dispatcher });
  console.log(response.status, await response.text());
}
await dispatcher.close();
