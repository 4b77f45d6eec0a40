# SPDX-License-Identifier: GPL-3.0-or-later
"""Japanese texts about prices, limits and what was spent."""

TEXTS = {
    "{1} Credits reserved": "{1} クレジット確保済み",
    "Cost nothing": "費用なし",
    "About {1} Credits": "約 {1} クレジット",
    "{1} Nothing was started.": "{1}何も開始していません。",
    "{1} Credits for one generation": "生成 1 回につき {1} クレジット",
    "{1} Credits for a day": "1 日 {1} クレジット",
    "Mint does not tell the price, so your limit of {1} cannot be kept.": "Mint が価格を知らせないため、上限 ({1}) を守れません。",
    "This job would cost about {1} Credits in all, more than its limit of {2} Credits.": (
        "このジョブは合計で約 {1} クレジットかかり、ジョブの上限 {2} クレジットを超えます。"
    ),
    "Mint does not tell the price, so the limit of {1} Credits for this job cannot be kept.": (
        "Mintが価格を知らせないため、このジョブの上限 {1} クレジットを守れません。"
    ),
    "{1} Nothing was sent. Resume it with a higher limit, or cancel it.": (
        "{1} 何も送信していません。上限を上げて再開するか、キャンセルしてください。"
    ),
    "This would cost about {1} Credits, more than your limit of {2} Credits for one generation.": (
        "約 {1} クレジットかかり、生成 1 回の上限 {2} クレジットを超えます。"
    ),
    "This would cost about {1} Credits. With the {2} Credits spent today that is more than your limit of {3} Credits for a day.": (
        "約 {1} クレジットかかります。今日使った {2} クレジットと合わせると、1 日の上限 {3} クレジットを超えます。"
    ),
    "The balance suffices now: Resume.": "残高が足りるようになりました: 再開できます。",
    "Start it although it costs more than your limit in the preferences": "プリファレンスの上限を超えますが、開始します",
    "Mint is being asked for the price of the click before: wait a moment.": (
        "前のクリックの価格を Mint に問い合わせています: 少しお待ちください。"
    ),
    "Asking Mint for the price…": "Mint に価格を問い合わせています…",
    "Optimizing comes on top: about {1} Credits.": "最適化は別料金: 約 {1} クレジット。",
    "Optimizing comes on top.": "最適化は別料金です。",
    "Optimizing comes on top. {1}": "最適化は別料金です。{1}",
    "What optimizing costs, Mint tells only once there is a model.": "最適化の価格は、モデルができてからでないと Mint から示されません。",
    "Above Your Limit": "上限を超えています",
    "Start Anyway": "それでも開始",
    "Spent today: {1} Credits": "今日の使用: {1} クレジット",
    "waits: online access is off": "待機中: オンラインアクセスがオフです",
    "Per Generation": "生成ごと",
    "Credits that one generation may cost without a question; where nobody can be asked it is refused. 0: no limit": (
        "確認なしで 1 回の生成に使えるクレジット。確認できない場所では拒否します。0: 上限なし"
    ),
    "Per Day": "1 日ごと",
    "Credits that may be spent in a day without a question; where nobody can be asked more is refused. 0: no limit": (
        "確認なしで 1 日に使えるクレジット。確認できない場所では、それ以上を拒否します。0: 上限なし"
    ),
    "Limits": "上限",
    "Above a limit you are asked before anything is started; on the command line and in scripts it is refused.": (
        "上限を超えるときは、開始する前に確認します。コマンドラインとスクリプトでは拒否します。"
    ),
    "Last {1} days on this computer": "このコンピューターでの過去 {1} 日間",
    "Nothing was generated.": "何も生成していません。",
    "One generation": "生成 1 回",
    "{1} generations": "生成 {1} 回",
    "{1}, {2} Credits; the most in a day: {3}": "{1}、{2} クレジット、1 日の最大: {3}",
    "{1} failed ({2})": "失敗 {1} 回 ({2})",
}
