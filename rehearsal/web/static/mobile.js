// 移动办公系统: hash routing, views made from what /api answers.
const view = document.getElementById("view");
const tabs = document.getElementById("tabs");

function make(tag, name, text, children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined && text !== null) element.textContent = text;
  for (const child of children || []) element.append(child);
  return element;
}

function link(href, name, text, children) {
  const element = make("a", name, text, children);
  element.href = href;
  return element;
}

function small(row) {
  return make("div", "small", null, [make("span", "doc-no", row.number), make("span", "person", row.person),
    make("span", "", row.date)]);
}

function list(rows, name, item) {
  const element = make("ul", "list", null, rows.map((row) => {
    const line = make("li", "", null, item(row));
    line.dataset.testid = name + "-row";
    return line;
  }));
  element.dataset.testid = name;
  return element;
}

function summary(label, count, name) {
  const number = make("b", "", count);
  number.dataset.testid = name;
  return make("div", "summary", null, [label + " ", number, " 条"]);
}

async function api(path) {
  const answer = await fetch("/api" + path);
  if (answer.status === 401) {
    location.hash = "#/login";
    return null;
  }
  if (!answer.ok) {
    show(make("div", "loading", "服务暂不可用，请稍后再试（" + answer.status + "）"));
    return null;
  }
  return answer.json();
}

function show(...elements) { view.replaceChildren(...elements); }

function documents(rows, name) {
  return list(rows, name, (row) => [link("#/document/" + row.id, "", null,
    [make("span", "doc-title", row.title), small(row)])]);
}

const pages = {
  login() {
    show(document.getElementById("login-form").content.cloneNode(true));
    view.querySelector("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = await fetch("/api/login", { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
      if (answer.ok) location.hash = "#/home";
      else view.querySelector(".message").textContent = (await answer.json()).message;
    });
  },
  home() {
    const entries = [["待办", "todo"], ["通知", "notices"], ["日程", "schedule"], ["通讯录", "contacts"], ["我的", "me"]];
    show(make("div", "grid", null, entries.map(([text, page]) => link("#/" + page, "", text))));
  },
  async todo() {
    const data = await api("/todo");
    if (data) show(summary("待办", data.count, "todo-count"), documents(data.rows, "todo"));
  },
  async notices() {
    const data = await api("/notices");
    if (!data) return;
    if (data.pending) setTimeout(() => { if (location.hash === "#/notices") pages.notices(); }, 1000);
    else show(summary("通知", data.rows.length, "notice-count"), documents(data.rows, "notice"));
  },
  async contacts() {
    const data = await api("/contacts");
    if (!data) return;
    show(summary("联系人", data.rows.length, "contact-count"));
    view.append(list(data.rows, "contact", (row) => [make("span", "person", row.person),
      make("div", "small", null, [make("span", "", row.unit), make("span", "phone", "分机 " + row.phone.extension)])]));
  },
  async schedule() {
    const data = await api("/schedule");
    if (data) show(list(data.rows, "schedule", (row) => [make("span", "doc-title", row.title),
      make("div", "small", null, [make("span", "", row.time), make("span", "", row.room), make("span", "person", row.person)])]));
  },
  async document(id) {
    const row = await api("/document/" + id);
    if (!row) return;
    const title = make("h2", "doc-title", row.title);
    const owner = make("div", "small", null, [make("span", "id-number", row.personId)]);
    const files = row.attachments.map((file) => {
      const entry = make("li", "", null, [link("#/preview/" + file.file, "attachment-name", file.name)]);
      entry.dataset.testid = "attachment";
      return entry;
    });
    show(make("div", "card", null, [title, small(row), owner]),
      make("div", "card", null, [make("h2", "", "附件"), make("ul", "", null, files)]),
      make("div", "card", null, [make("h2", "", "公文流转"), list(row.steps, "step", (step) => [step.step + "　",
        make("span", "person", step.person), make("div", "small", null, [make("span", "", step.time),
          make("span", "opinion", step.opinion)])])]));
  },
  preview(file) {
    const image = make("img", "attachment-page");
    image.src = "/api/attachment/" + file + "/page.svg";
    image.alt = "附件第 1 页";
    image.dataset.testid = "preview-page";
    const save = link("/api/attachment/" + file, "wide", "下载附件");
    show(make("div", "card", null, [image]), make("div", "card", null, [save]));
  },
  me() {
    const out = make("button", "wide", "退出登录");
    out.addEventListener("click", async () => {
      if (!confirm("确定要退出登录吗？")) return;
      await fetch("/api/logout", { method: "POST" });
      location.hash = "#/login";
    });
    show(make("div", "card", null, [make("span", "person", "巡检账号"), make("div", "small", "版本 2.4.1")]),
      make("div", "card", null, [out]));
  },
};

const titles = { login: "移动办公系统", home: "移动办公系统", todo: "待办", notices: "通知", contacts: "通讯录", schedule: "日程",
  document: "公文详情", preview: "附件预览", me: "我的" };

function route() {
  const [name, argument] = location.hash.replace(/^#\//, "").split("/");
  const page = pages[name] ? name : "login";
  document.getElementById("heading").textContent = titles[page];
  document.getElementById("back").hidden = ["login", "home"].includes(page);
  tabs.hidden = page === "login";
  for (const tab of tabs.children) tab.classList.toggle("here", tab.hash === location.hash);
  show(make("div", "loading", "加载中……"));
  pages[page](argument);
}

document.getElementById("back").addEventListener("click", () => history.back());
window.addEventListener("hashchange", route);
route();
