package console

// The words of the page of the API, in English and Chinese.

// docWords are the words around the routes.
func docWords(lang string) map[string]string {
	if lang == "zh" {
		return map[string]string{
			"title": "Tocsin 管理接口", "skip": "跳到正文", "other": "English", "contents": "目录", "calling": "如何调用", "errors": "错误",
			"about":    "本页列出预警引擎管理接口的全部路径，由引擎自身的路径表生成，与 /api/openapi.json（OpenAPI 3.1）一致；可以离线阅读。",
			"token":    "每个请求都要带上请求头 Authorization: Bearer 令牌。令牌写在配置的 api.tokens 中，各自拥有若干权限；每条路径需要的权限列在下面。",
			"lists":    "列表分页：limit 为条数（1 至 1000，默认 50），after 为游标。应答头 Link 中 rel=\"next\" 的地址就是下一页；没有它就是最后一页。游标只对同一列表和同样的筛选条件有效。",
			"load":     "负载过高时，查询可能得到 429 而被拒，稍后再试即可；发布和停止的命令从不因此被拒。",
			"problems": "错误以问题文档（RFC 9457，application/problem+json）返回：title 说明是什么错误，detail 说明哪里有误以及如何处理；发布类请求还有 outcome（refused 未发布，unknown 结果不明，重复同一请求是安全的）；findings 是文档违反的规则。",
			"status":   "状态码", "meaning": "含义", "unauthorized": "没有令牌，或令牌无效", "code": "全部代码",
			"codes":   "每个问题文档都有 code：带点的代码各有一句固定的话，不带点的代码表示一类错误，其后附英文说明。代码的含义不会改变，今后可能增加。title 和 detail 的语言由 ?lang= 或 Accept-Language（en、zh）决定。",
			"tooMany": "查询过多，请稍后再试",
			"right":   "所需权限", "parameters": "参数", "inPath": "路径的一部分", "request": "请求", "answer": "应答", "field": "字段", "fields": "应答的字段",
			"type": "类型", "optional": "可省略", "example": "示例", "link": "分页；应答头 Link 指向下一页。",
		}
	}
	return map[string]string{
		"title": "The admin API of Tocsin", "skip": "Skip to the content", "other": "中文", "contents": "Contents", "calling": "How to call it", "errors": "Errors",
		"about":    "All that the admin API of the warning engine answers, made from the engine's own list of routes, like /api/openapi.json (OpenAPI 3.1). This page can be read offline.",
		"token":    "Every request carries the header Authorization: Bearer TOKEN. Tokens stand in the configuration (api.tokens), each with some rights; the right that a route takes is named below.",
		"lists":    "Lists come in pages: limit is how many (1 to 1000, 50 when left out), after is a cursor. The header Link of an answer names the next page (rel=\"next\"); without it the page is the last. A cursor is good for the same list with the same filters only.",
		"load":     "Under load a question may be sent away with 429: ask again a little later. Orders never are.",
		"problems": "Errors are problem documents (RFC 9457, application/problem+json): title says what sort, detail what is wrong, where, and what to do. Orders also have outcome: refused (nothing was issued) or unknown (the same request again is safe). findings are the rules that a document breaks.",
		"status":   "Status", "meaning": "Meaning", "unauthorized": "There is no token, or it is not known", "code": "All codes",
		"codes":   "Every problem has a code: one with a dot has a sentence of its own, and one without is that of a kind of errors. A code stays what it is; new ones may come. title and detail are in the language that ?lang= or Accept-Language names: en or zh.",
		"tooMany": "Too many questions at once",
		"right":   "Takes the right", "parameters": "Parameters", "inPath": "Part of the path", "request": "Request", "answer": "Answer", "field": "Field", "fields": "Fields of the answer",
		"type": "Type", "optional": "may be left out", "example": "Example", "link": "It comes in pages; the header Link leads to the next.",
	}
}

// docTitle names a group of routes; one that has no name yet is called by its path.
func docTitle(lang, group string) string {
	titles := map[string][2]string{
		"alerts": {"Alerts", "预警"}, "drafts": {"Drafts", "草稿"}, "operators": {"Operators and their keys", "值班人员与密钥"},
		"templates": {"Templates", "模板"}, "inbox": {"Inbox", "来件"}, "changes": {"Changes that two people sign", "双人签署的变更"},
		"journal": {"Journal", "日志"}, "deadletters": {"Dead letters", "死信"}, "people": {"People", "人员"}, "sirens": {"Sirens", "警报器"},
		"worlds": {"Kinds of messages", "消息种类"}, "units": {"Administrative units", "行政区划"}, "gateways": {"Gateways", "网关"}, "policy": {"Policy", "审批规则"},
		"windows": {"Public tests", "面向公众的测试"}, "imports": {"Imports", "导入"},
	}
	t, known := titles[group]
	switch {
	case !known:
		return "/api/" + group
	case lang == "zh":
		return t[1]
	}
	return t[0]
}

// docAbout says what a route does; what nobody has translated yet is said in English.
func docAbout(lang string, r route) string {
	if text := docChinese()[r.pattern]; lang == "zh" && text != "" {
		return text
	}
	return r.about
}

// docChinese is what the routes do, in Chinese.
func docChinese() map[string]string { //nolint:funlen // a table
	return map[string]string{
		"POST /api/alerts":                                           "发布一份 CAP 文档；需要审批的单位则作为草稿提交",
		"POST /api/alerts/dry-run":                                   "试算：谁会收到、文字如何、费用多少；不发布任何内容",
		"POST /api/alerts/read":                                      "检查他人所写的文档是否可用",
		"GET /api/alerts":                                            "预警列表，最新的在前；可用 ?q=、?from=、?to=、?status=、?severity=、?sender=、?category= 筛选",
		"GET /api/alerts/{id}":                                       "一条预警的现状",
		"GET /api/alerts/{id}/events":                                "以事件流给出现状，直到不再变化",
		"GET /api/alerts/{id}/document":                              "CAP 文档原文，与发布时逐字节相同",
		"GET /api/alerts/{id}/explain/{who}":                         "某个人或某台警报器收到了什么，以及原因",
		"GET /api/alerts/{id}/report":                                "一条预警的报告：JSON、CSV 或工作簿",
		"POST /api/alerts/{id}/update":                               "以一份文档更新一条预警；引用由引擎填写",
		"POST /api/alerts/{id}/cancel":                               "停止一条预警，并告知所有已被通知的人；一人即可",
		"GET /api/readiness":                                         "当前能否发布预警：逐项检查，附处置办法",
		"GET /api/alerts/{id}/timeline":                              "一条预警的全部经过：何人撰写、签署、发布，各渠道何时交付，如何结束",
		"GET /api/alerts/{id}/endings":                               "停止或解除一条预警时将发出的文字；不发布",
		"GET /api/alerts/expiring":                                   "即将到期而无人答复的预警",
		"POST /api/alerts/{id}/extend":                               "以同样的文字延长一条预警",
		"POST /api/alerts/{id}/lapse":                                "答复：一条预警可以按时结束",
		"POST /api/alerts/{id}/proceed":                              "放行一条被扣住的预警",
		"POST /api/drafts":                                           "保存一份正在撰写的文档",
		"GET /api/drafts":                                            "草稿，最近改动的在前",
		"GET /api/drafts/{id}":                                       "一份草稿，以及它还缺什么",
		"GET /api/drafts/{id}/confirmation":                          "签署前须确认的文字；规则要求时附选择地点的题目",
		"GET /api/worlds":                                            "各类消息的名称、颜色与符号",
		"PUT /api/drafts/{id}":                                       "以新版本替换 If-Match 所指的版本",
		"GET /api/drafts/{id}/versions":                              "一份草稿的各个版本，最新的在前",
		"GET /api/drafts/{id}/versions/{version}":                    "某一版本的文档原文，逐字节",
		"GET /api/drafts/{id}/changes":                               "现版本与某一旧版本（默认为上次提交的版本）逐项比较",
		"POST /api/drafts/{id}/submit":                               "冻结草稿，统计受众，提请审批",
		"POST /api/drafts/{id}/withdraw":                             "撤回尚未发出的草稿",
		"POST /api/drafts/{id}/sign":                                 "为已提交的草稿加上签名",
		"POST /api/drafts/{id}/return":                               "说明理由，将草稿退回作者",
		"POST /api/drafts/{id}/reject":                               "说明理由，否决草稿",
		"POST /api/drafts/{id}/sign-with-password":                   "以口令保管的密钥为草稿签名",
		"GET /api/windows":                                           "面向公众的测试时段及等待签名的申请，最新的在前",
		"GET /api/windows/{id}":                                      "其中一个",
		"POST /api/windows/propose":                                  "提出一次面向公众的测试；两人签名之前不会送达任何人",
		"POST /api/windows/{id}/sign":                                "为已提出的测试时段加上签名；第二个签名后即开放",
		"POST /api/windows/{id}/sign-with-password":                  "同上，用口令保管的密钥",
		"POST /api/windows":                                          "开放一个已由两人签名的测试时段",
		"POST /api/windows/{id}/close":                               "提前关闭测试时段，或撤回申请；一人即可",
		"POST /api/windows/{id}/close-with-password":                 "同上，用口令保管的密钥",
		"GET /api/imports":                                           "本进程最近的导入，不含各行的问题",
		"GET /api/imports/{id}":                                      "一次导入的进度与结果；导入的应答头 Location 给出其地址",
		"GET /api/units/outlines":                                    "供地图使用的行政区轮廓（GeoJSON，已简化）：可用 ?parent= 取其下级，?box=west,south,east,north 取相交者",
		"GET /api/operators":                                         "谁的签名有效",
		"POST /api/operators":                                        "登记一把由两名管理者签署的密钥",
		"POST /api/operators/revoke":                                 "作废一把密钥",
		"POST /api/operators/password-keys":                          "生成一把由口令保管的密钥",
		"POST /api/operators/password":                               "更换口令",
		"GET /api/templates":                                         "模板，以及不合格的文件",
		"GET /api/templates/{id}":                                    "一份模板及其空格",
		"POST /api/templates/{id}/fill":                              "填写模板；不发布",
		"POST /api/inbox":                                            "收下 ?source= 所指来源的文档",
		"GET /api/inbox":                                             "收到的文档及其去向",
		"GET /api/inbox/{id}":                                        "一件来件及其文档",
		"POST /api/inbox/{id}/release":                               "将隔离的来件转为草稿",
		"POST /api/inbox/{id}/drop":                                  "丢弃隔离的来件",
		"GET /api/gateways":                                          "网关及其速率与暂停，按配置中的次序",
		"POST /api/gateways/{name}/rate":                             "更改网关的速率；降到不低于配置的十分之一，一人即可，其余须两人签署",
		"POST /api/gateways/{name}/pause":                            "暂停网关，至多一天；其投递等候或改走其他网关；须两人签署",
		"POST /api/gateways/{name}/resume":                           "结束网关的暂停；一人即可",
		"POST /api/changes":                                          "提出一项管理变更；无需审批或一人即可的，立即生效",
		"GET /api/changes":                                           "管理变更及其签名，最近的在前",
		"GET /api/changes/{id}":                                      "一项变更，不含内容",
		"GET /api/changes/{id}/body":                                 "变更的内容，逐字节",
		"POST /api/changes/{id}/sign":                                "为变更签名；第二个签名使其生效",
		"POST /api/changes/{id}/sign-with-password":                  "同上，使用口令保管的密钥",
		"POST /api/changes/{id}/withdraw":                            "撤回尚未生效的变更",
		"GET /api/journal":                                           "谁做了什么，最近的在前",
		"POST /api/drafts/{id}/release-under-with-password":          "同上，使用作者口令下的密钥",
		"POST /api/alerts/{id}/countersign-with-password":            "用口令下的密钥对先行发布的预警补签",
		"GET /api/journal/verification":                              "日志是否完好：通读全部并核对已签名的链头",
		"GET /api/deadletters":                                       "无人能用的记录",
		"GET /api/deadletters/{topic}/{partition}/{offset}":          "其中一条",
		"POST /api/deadletters/{topic}/{partition}/{offset}/redrive": "放回一条",
		"POST /api/people":                                           "导入人员（CSV）",
		"POST /api/sirens":                                           "导入警报器（CSV）；需要审批的单位则成为一项变更",
		"GET /api/sirens":                                            "警报器及其状态；不含连接方式",
		"GET /api/policy":                                            "何种预警须几人审批；由配置规定（approval.policy）",
		"GET /api/tokens":                                            "配置中的令牌（api.tokens）及其权限；不含密文",
		"POST /api/units":                                            "导入行政区划：CSV，或带边界的 GeoJSON",
		"GET /api/units":                                             "行政区划列表，或 ?parent= 之下的区划",
		"POST /api/alerts/{id}/all-clear":                            "险情结束：发布解除通知，告知所有收到过预警的人",
	}
}
