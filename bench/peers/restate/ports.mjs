// Ports inside the peer's own network namespace, where nothing else listens.
export const SERVICE_PORT = 9080;
export const INGRESS_PORT = 8080;
export const ADMIN_PORT = 9070;
