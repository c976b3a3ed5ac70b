// Choices about the page that the server must know before it draws it.
const YEAR_SECONDS = 365 * 24 * 3600;

export function remember(name, value) {
  const age = value === "" ? 0 : YEAR_SECONDS;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${encodeURIComponent(value)}; Max-Age=${age}; Path=/; SameSite=Lax${secure}`;
}
