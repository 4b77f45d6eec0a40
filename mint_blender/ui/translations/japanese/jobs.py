# SPDX-License-Identifier: GPL-3.0-or-later
"""Japanese texts about jobs."""

TEXTS = {
    'There is no job "{1}" in the journal.': "ジャーナルにジョブ「{1}」がありません。",
    'More than one job begins with "{1}".': "「{1}」で始まるジョブが複数あります。",
    "{1}: there are no files to fetch again.": "{1}: 取得し直せるファイルがありません。",
    "{1} is not finished: cancel it first.": "{1} は終わっていません。先にキャンセルしてください。",
    "{1}: {2} is not possible now ({3}).": "{1}: 今は「{2}」できません ({3})。",
    "{1} is being worked on: wait until it rests.": "{1} は処理中です。落ち着くまでお待ちください。",
    "The reference picture {1} cannot be read ({2}). Choose it again.": "参照画像 {1} を読めません ({2})。選び直してください。",
    "The reference picture {1} is {2}; Mint takes PNG, JPEG and WebP. Convert it first.": (
        "参照画像 {1} は {2} です。Mint が受け付けるのは PNG、JPEG、WebP です。先に変換してください。"
    ),
    "The reference picture {1} has {2} MB; Mint takes at most 5 MB. Scale it down first.": (
        "参照画像 {1} は {2} MB です。Mint の上限は 5 MB です。先に縮小してください。"
    ),
    "the uploaded picture came back without an address": "アップロードした画像のアドレスが返ってきませんでした",
    "Waiting for a free slot": "空き待ち",
    "Sent": "送信済み",
    "Generating": "生成中",
    "Look at the Preview": "プレビューを確認",
    "Needs Credits": "クレジット不足",
    "Downloading": "ダウンロード中",
    "Ready to place": "配置できます",
    "Placed": "配置済み",
    "Canceled": "キャンセル済み",
    "Paused: {1}": "一時停止: {1}",
    "Paused": "一時停止",
    "Failed: {1}": "失敗: {1}",
    "Failed": "失敗",
    "Optimizing": "最適化中",
    "Partly done, {1}": "一部完了、{1}",
    "{1} min": "{1} 分",
    "{1} Credits": "{1} クレジット",
    "Approving": "承認中",
    "Revising": "修正中",
    "Resuming": "再開中",
    "Retrying": "再試行中",
    "Canceling": "キャンセル中",
    "Queued at Mint": "Mint で順番待ち",
    'Working at Mint ("{1}")': "Mint で処理中 (「{1}」)",
    "Finishing": "仕上げ中",
    "online access is off in Blender's preferences": "Blender の設定でオンラインアクセスがオフです",
    "Mint could not make every part of it; the parts that are used here have all come.": (
        "Mint は一部を作れませんでしたが、ここで使うものはすべて届いています。"
    ),
    "The result's page could not be read. {1}": "結果のページを読めませんでした。{1}",
    "Mint has not made this {1}: {2}.": "Mint はこれを作りませんでした ({1}: {2})。",
    "The model was not optimized: the original file was taken. {1}": "モデルは最適化されず、元のファイルを使いました。{1}",
    "The original file was taken. {1}": "元のファイルを使いました。{1}",
    "collider mesh": "コリジョンメッシュ",
    "This {1} came without a {2}.": "この{1}には{2}がありませんでした。",
    "The {1} cannot be used.": "{1}は使えません。",
    "The {1} could not be fetched.": "{1}を取得できませんでした。",
    "This world came without splats.": "このワールドにはスプラットがありませんでした。",
    "The picture could not be fetched. {1}": "画像を取得できませんでした。{1}",
    "approve": "承認",
    "revise": "修正",
    "resume": "再開",
    "retry": "再試行",
    "cancel": "キャンセル",
    "preview": "プレビュー",
    "picture": "画像",
    "collider": "コリジョンメッシュ",
    "panorama": "パノラマ",
    "splats": "スプラット",
    "{1} from pictures": "画像からの{1}",
    "The ledger in the batch's folder cannot be written ({1}). Nothing was sent.": (
        "バッチのフォルダーにある台帳に書き込めません ({1})。何も送信していません。"
    ),
    "The job journal {1} lies on a network, and another program has it open in a way that is not safe there. "
    "Quit all other Blenders and Mint commands that use it, then try again.": (
        "ジョブのジャーナル {1} はネットワーク上にあり、別のプログラムが安全でない方法で開いています。"
        "それを使っているほかのBlenderとMintのコマンドをすべて終了してから、もう一度試してください。"
    ),
    "The job journal {1} was written by a newer version of this add-on: update the add-on.": (
        "ジョブのジャーナル {1} はアドオンの新しいバージョンで書かれています。アドオンを更新してください。"
    ),
    "Done": "完了",
    "Partly done": "一部完了",
    "Being made": "作成中",
    'Being made ("{1}")': "作成中 (「{1}」)",
    "Done, but without a file": "完了 (ファイルなし)",
    "Mint did not answer.": "Mint が応答しませんでした。",
    "Mint still shows the earlier Preview: look at it at mint.gg before you approve.": (
        "Mint はまだ前のプレビューを表示しています。承認する前に mint.gg で確認してください。"
    ),
    "Mint sent no preview picture: look at it at mint.gg before you approve.": (
        "Mint からプレビュー画像が届きませんでした。承認する前に mint.gg で確認してください。"
    ),
    "The preview picture could not be fetched. {1}": "プレビュー画像を取得できませんでした。{1}",
    "It was finished before Mint could be told to {1}.": "Mint に「{1}」を伝える前に完了しました。",
    "Mint's moderation refused the prompt or a picture: change it and generate again.": (
        "Mint の審査でプロンプトか画像が拒否されました。変更して生成し直してください。"
    ),
    "The account's quota is used up: buy Credits or wait for the next period, then retry.": (
        "アカウントの割り当てを使い切りました。クレジットを購入するか次の期間を待って、再試行してください。"
    ),
    "Mint could not use the prompt or a picture: change it and generate again.": (
        "Mint がプロンプトか画像を使えませんでした。変更して生成し直してください。"
    ),
    "That was a passing fault at Mint: retry.": "Mint の一時的な不具合でした。再試行してください。",
    "The generation was interrupted at Mint: retry.": "Mint での生成が中断されました。再試行してください。",
    "Mint could not start the generation: retry.": "Mint が生成を開始できませんでした。再試行してください。",
    "The generation failed at Mint: retry, or change the prompt.": (
        "Mint での生成に失敗しました。再試行するか、プロンプトを変更してください。"
    ),
    "Mint could not start the optimization: retry; the original file can be used meanwhile.": (
        "Mint が最適化を開始できませんでした。再試行してください。それまでは元のファイルを使えます。"
    ),
    "The optimization failed at Mint: the original file can be used.": "Mint での最適化に失敗しました。元のファイルを使えます。",
    "Resume does that.": "「再開」で取得できます。",
    "Blender closed unexpectedly while importing this result. Its files are kept. Save your work, then import it again.": (
        "この結果のインポート中に Blender が予期せず終了しました。"
        "ファイルは保存されています。作業を保存してから、もう一度インポートしてください。"
    ),
    "Resume downloads it again at no cost. If it stays like this, write to hello@mint.gg.": (
        "「再開」で無料でもう一度ダウンロードします。変わらない場合は hello@mint.gg に連絡してください。"
    ),
    "{1} It is kept at {2}.": "{1} {2} に保存してあります。",
    "{1} Mint says: {2}": "{1} Mint からのメッセージ: {2}",
    "Categories: {1}.": "カテゴリー: {1}。",
    "more Credits": "追加のクレジット",
    "{1} more Credits": "あと {1} クレジット",
    "Mint needs {1} to go on. Buy them at {2}, then resume.": "続けるには{1}が必要です。{2} で購入し、再開してください。",
    "Still running at Mint after {1} minutes. Checking continues once a minute; this is free.": (
        "{1} 分経ちましたが、Mint でまだ実行中です。1 分ごとに確認を続けます。確認は無料です。"
    ),
    "Something in the add-on went wrong ({1}). Nothing is lost: resume, and if it stays so, copy the report.": (
        "アドオンで問題が起きました ({1})。何も失われていません。再開し、続く場合はレポートをコピーしてください。"
    ),
    "The generation failed at Mint ({1}): retry, or change the prompt.": (
        "Mint での生成に失敗しました ({1})。再試行するか、プロンプトを変更してください。"
    ),
    "A reference picture is a file or an https:// address, not {1}.": "参照画像はファイルか https:// アドレスです。{1} は使えません。",
    "The reference picture {1} cannot be copied: {2}.": "参照画像 {1} をコピーできません: {2}。",
    "The reference picture {1} cannot be read: {2}.": "参照画像 {1} を読めません: {2}。",
    "The reference picture cannot be used. {1}": "参照画像を使えません。{1}",
    "The prompt or the name has broken characters in it: type it in a terminal that uses UTF-8, or put it into a batch file.": (
        "プロンプトか名前に壊れた文字があります。UTF-8 の端末で入力するか、バッチファイルに書いてください。"
    ),
    "The model is still being optimized at Mint: the original file was taken. The optimized one can be imported later.": (
        "Mint ではまだ最適化中のため、元のファイルを使いました。最適化版は後でインポートできます。"
    ),
    "Show More": "さらに表示",
    "Show Fewer": "少なく表示",
    "Waiting for you: {1} more": "確認待ち: ほか {1} 件",
    "In flight: {1} more": "実行中: ほか {1} 件",
    "In line: {1} more": "順番待ち: ほか {1} 件",
    "Ready or failed: {1} more": "配置待ちまたは失敗: ほか {1} 件",
    "Finished: {1} more": "完了: ほか {1} 件",
    "Show more of these jobs, or only the first of them again": "これらのジョブをさらに表示するか、最初の数件だけに戻します",
    "Show Jobs": "ジョブを表示",
    "Cancel every job that waits in line. Nothing of these was sent to Mint, and nothing is paid; what is in flight goes on": (
        "順番待ちのジョブをすべてキャンセルします。Mint にはまだ何も送られておらず、費用もかかりません。実行中のものは続きます"
    ),
    "Clear the Line": "順番待ちを空にする",
    "Nothing of these jobs was sent to Mint yet, and nothing is paid.": (
        "これらのジョブはまだ Mint に送られておらず、費用も発生していません。"
    ),
    "Take every job off the list that is placed, saved or canceled. What is in your scene stays": (
        "配置済み、保存済み、キャンセル済みのジョブをすべてリストから外します。シーンにあるものは残ります"
    ),
    "Dismiss All Finished": "完了したジョブをすべて消去",
    "Dismiss": "消去",
    (
        "Mint never answered whether it optimizes the model: the original file was taken. If it is optimized at Mint, it can be "
        "imported later."
    ): (
        "モデルを最適化するかどうか、Mint から応答がありませんでした。元のファイルを使いました。Mint で最適化されていれば、"
        "後から読み込めます。"
    ),
    "Mint says it is done, but there is no file in the result.": "Mint は完了したと伝えていますが、結果にファイルがありません。",
    "Mint says it is converted, but there is no such file in the result.": (
        "Mint は変換したと伝えていますが、結果にそのファイルがありません。"
    ),
    "Mint never answered the start. What it has made of it was found in its list.": (
        "開始に対する Mint の応答はありませんでした。作られたものは Mint の一覧で見つかりました。"
    ),
    "Mint never answered the retry. What it has made of it was found.": (
        "再試行に対する Mint の応答はありませんでした。作られたものは見つかりました。"
    ),
    "It was not answered for 12 hours, so it was not sent again: decide anew.": (
        "12 時間応答がなかったため、再送していません。改めて決めてください。"
    ),
    "Mint cannot cancel this. It stays at its Preview and costs nothing more unless it is approved.": (
        "Mint ではこれをキャンセルできません。プレビューのまま残ります。承認しないかぎり、追加の支払いはありません。"
    ),
    "Mint cannot cancel this. It stays where it is and costs nothing more unless it is resumed.": (
        "Mint ではこれをキャンセルできません。今の状態のまま残ります。再開しないかぎり、追加の支払いはありません。"
    ),
    "Mint cannot cancel this now. It continues, costs about {1} Credits, and its result will be kept.": (
        "Mint では今これをキャンセルできません。処理は続き、約 {1} クレジットかかりますが、結果は保管されます。"
    ),
    "Mint cannot cancel this now. It continues, is paid for, and its result will be kept.": (
        "Mint では今これをキャンセルできません。処理は続き、料金がかかりますが、結果は保管されます。"
    ),
    "{1} Resume looks again, at no cost; if it stays so, write to hello@mint.gg.": (
        "{1}「再開」は無料でもう一度確認します。続く場合は hello@mint.gg に連絡してください。"
    ),
    (
        "Mint never answered the start of this {1}, and nothing is found there that was made of it. Resume looks again, at no cost; "
        "to start it again may cost Credits again; or cancel it."
    ): (
        "この開始 ({1}) に Mint の応答はなく、作られたものも見つかりません。「再開」は無料でもう一度探します。もう一度開始すると、"
        "再びクレジットがかかることがあります。またはキャンセルしてください。"
    ),
    "Start Again": "もう一度開始",
    "Queued earlier, not sent": "以前に登録、未送信",
    "1 queued job": "待機中のジョブ 1 件",
    "{1} queued jobs": "待機中のジョブ {1} 件",
    "about {1} Credits": "約 {1} クレジット",
    "Continue": "続ける",
    "Discard": "破棄",
    "Continue Queue": "順番待ちを続ける",
    "Discard Queue": "順番待ちを破棄",
    "Send the jobs that an earlier session has left in line. They are paid for now": (
        "以前のセッションから順番待ちのままのジョブを送信します。料金は今かかります"
    ),
    "Cancel the jobs that an earlier session has left in line. Nothing of them was sent to Mint, and nothing is": (
        "以前のセッションから順番待ちのままのジョブをキャンセルします。Mint には何も送信されていません。今後も送信されません"
    ),
}
