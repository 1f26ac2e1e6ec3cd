// The server's interface. A refusal is thrown as a Refused with the problems that it tells.

const KEPT = "headrace-token";

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
  const token = sessionStorage.getItem(KEPT);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let response;
  try {
    response = await fetch(`/api/${path}?${query}`, { headers, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, [{ what: "the server does not answer", fix: "see whether `headrace serve` still runs" }]);
  }
  if (response.ok) return response;
  if (response.status === 401) {
    await login(token !== null);
    return answer(path, parameters, signal);
  }
  const told = await response.json().catch(() => null);
  throw new Refused(response.status, told?.problems ?? [{ what: `the server answers ${response.status}`, fix: null }]);
}

let asking = null; // several questions wait for one token

function login(again) {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("token");
    const secret = document.getElementById("secret");
    document.getElementById("refused").textContent = again ? "The server does not know that token." : "";
    secret.value = "";
    dialog.querySelector("form").onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEPT, secret.value.trim());
      dialog.close();
      asking = null;
      resolve();
    };
    dialog.oncancel = (event) => event.preventDefault();
    dialog.showModal();
  });
  return asking;
}
