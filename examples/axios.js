// axios, or anything else that takes an agent of node:http: node examples/axios.js
import axios from 'axios';
import { createAgent } from 'signpost/client';

const agent = createAgent();
const { status, data } = await axios.get('http://_web._tcp.svc.internal/', { httpAgent: agent });
console.log(status, data);
agent.destroy();
