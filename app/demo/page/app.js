// Wires the page: each part owns the elements that it is given.
import { Charts } from "/demo/charts.js";
import { Dashboard } from "/demo/dashboard.js";
import { PublishForm } from "/demo/publish_form.js";
import { UserStream } from "/demo/user_stream.js";

const byId = (id) => document.getElementById(id);

new Dashboard(byId("dashboard-stream"), new Charts(byId("charts")));
const userStream = new UserStream(byId("user-stream"));
new PublishForm(byId("publish-form"), byId("publish-result"), (type) => userStream.listen(type));
