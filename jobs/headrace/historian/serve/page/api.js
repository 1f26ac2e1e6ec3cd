// Client of the server's API. An error response is thrown as a Refused with its problems.

const TOKEN_KEY = "headrace-token";

export class Refused extends Error {
  constructor(status, problems) {
    super(problems.map((problem) => problem.what).join("; "));
    this.status = status;
    this.problems = problems;
  }
}

export async function ask(path, parameters = {}, signal = undefined) {
  return (await answer(path, parameters, signal)).json();
}

export async function file(path, parameters) {
  return (await answer(path, parameters)).blob();
}

async function answer(path, parameters, signal) {
  const query = new URLSearchParams(parameters);
  const token = sessionStorage.getItem(TOKEN_KEY);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let response;
  try {
    response = await fetch(`/api/${path}?${query}`, { headers, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, [{ what: "the server does not answer", fix: "check that `headrace serve` is running" }]);
  }
  if (response.ok) return response;
  if (response.status === 401) {
    // While this request was on its way, another one may have asked for the token: only the one sent is refused.
    if (sessionStorage.getItem(TOKEN_KEY) === token) await login(token !== null);
    return answer(path, parameters, signal);
  }
  const body = await response.json().catch(() => null);
  throw new Refused(response.status, body?.problems ?? [{ what: `the server answers ${response.status}`, fix: null }]);
}

let pendingLogin = null; // concurrent requests wait for the same token

function login(again) {
  pendingLogin ??= new Promise((resolve) => {
    const dialog = document.getElementById("token");
    const secret = document.getElementById("secret");
    document.getElementById("refused").textContent = again ? "The server does not accept this token." : "";
    secret.value = "";
    dialog.querySelector("form").onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(TOKEN_KEY, secret.value.trim());
      dialog.close();
      pendingLogin = null;
      resolve();
    };
    dialog.oncancel = (event) => event.preventDefault();
    dialog.showModal();
  });
  return pendingLogin;
}
