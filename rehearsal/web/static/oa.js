// 协同办公系统: pop-up windows, native dialogs, content that arrives late.
function openDocument(link) {
  window.open(link.dataset.url, "_blank", "width=900,height=700");
  return false;
}

function markRead(title) {
  if (!window.confirm("确定将“" + title + "”标记为已读吗？")) return;
  fetch("/todo/read", { method: "POST" })
    .then((answer) => answer.json())
    .then((data) => { document.getElementById("result").textContent = data.message; });
}

function logout() {
  if (window.confirm("确定要退出系统吗？")) window.top.location = "/logout";
}

function cell(text, name) {
  const element = document.createElement("td");
  const span = document.createElement("span");
  span.textContent = text;
  span.className = name;
  element.appendChild(span);
  return element;
}

function loadSupervision() {
  setTimeout(() => {
    fetch("/api/supervision").then((answer) => {
      if (answer.ok) return answer.json();
      return null;
    }).then((data) => {
      if (data === null) return;
      const body = document.querySelector("#rows");
      for (const row of data.rows) {
        const line = document.createElement("tr");
        line.append(cell(row.number, "doc-no"), cell(row.title, "doc-title"), cell(row.unit, "unit"),
          cell(row.person, "person"), cell(row.due, "date"));
        body.appendChild(line);
      }
      document.getElementById("loading").hidden = true;
      document.getElementById("board").hidden = false;
    });
  }, 800);
}
