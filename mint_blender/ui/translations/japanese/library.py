# SPDX-License-Identifier: GPL-3.0-or-later
"""Japanese texts about the library."""

TEXTS = {
    "Asset library: looking what is new…": "アセットライブラリ: 新着を確認中…",
    "Asset library: {1} of {2}": "アセットライブラリ: {1} / {2}",
    ", {1} failed": "、失敗 {1}",
    "Asset library: {1} saved, {2} unchanged{3}": "アセットライブラリ: 保存 {1}、変更なし {2}{3}",
    "The asset library was not finished; sync again to go on.": (
        "アセットライブラリは完了していません。もう一度同期すると続きから始まります。"
    ),
    "Stopped; sync again to go on.": "停止しました。もう一度同期すると続きから始まります。",
    "{1} was changed since it was saved, so it was left as it is. Rename it to get the new version beside it.": (
        "{1} は保存後に変更されているため、そのまま残しました。新しい版を並べて置くには名前を変更してください。"
    ),
    "{1} is not a file of this library's sync, so it was left as it is.": (
        "{1} はこのライブラリの同期で作られたファイルではないため、そのまま残しました。"
    ),
    "A model": "モデル",
    "A world": "ワールド",
    "Light": "軽め",
    "Keeps the most detail": "細部を最も残します",
    "Moderate": "中程度",
    "The usual balance": "標準的なバランス",
    "Aggressive": "強め",
    "The smallest file": "ファイルが最も小さくなります",
    "Read the newest entries of the library again": "ライブラリの最新の項目を読み直します",
    "Refresh Mint Library": "Mint ライブラリを更新",
    "Load the next entries of the library from Mint": "ライブラリの続きを Mint から読み込みます",
    "Load More": "さらに読み込む",
    "Show the entries before or after these; past the last one, more is loaded from Mint": (
        "前後の項目を表示します。最後の後は Mint から読み込みます"
    ),
    "Turn Page": "ページをめくる",
    "Show the details of this entry; once more, and they are put away": "この項目の詳細を表示します。もう一度で閉じます",
    "Details": "詳細",
    "Bring a Model or World that was made before into the scene, at the 3D cursor. What is still being made comes when it is done": (
        "以前作ったモデルかワールドを3Dカーソルの位置に取り込みます。作成中のものは完成後に届きます"
    ),
    "Import from Mint Library": "Mint ライブラリからインポート",
    "Id": "ID",
    "The id of the model or world at Mint": "Mint でのモデルかワールドの ID",
    "Have Mint make a lighter version of this model, which takes the place of the one in the scene. It costs Credits": (
        "Mint でこのモデルの軽量版を作り、シーンのモデルと置き換えます。クレジットがかかります"
    ),
    "Optimize Model": "モデルを最適化",
    "The id of the model at Mint": "Mint でのモデルの ID",
    "Level": "レベル",
    "Optimize": "最適化",
    "Nothing was started. {1}": "何も開始していません。{1}",
    "This entry is not in the list (any more): refresh the library.": (
        "この項目は (もう) リストにありません。ライブラリを更新してください。"
    ),
    "Copy the prompt (of a World: Mint's description of it) to the clipboard": (
        "プロンプト (ワールドは Mint による説明) をクリップボードにコピーします"
    ),
    "Copy Prompt": "プロンプトをコピー",
    "Mint does not tell the prompt of this one.": "Mint はこの項目のプロンプトを提供していません。",
    "The prompt is on the clipboard.": "プロンプトをクリップボードにコピーしました。",
    "Folder": "フォルダー",
    "The asset library's folder": "アセットライブラリのフォルダー",
    "No folder was given.": "フォルダーが指定されていません。",
    "A sync is running already: wait for it, or stop it.": "すでに同期中です。待つか停止してください。",
    "The sync could not be started: {1}": "同期を開始できませんでした: {1}",
    "The asset library is not complete (exit status {1}).": "アセットライブラリは完全ではありません (終了ステータス {1})。",
    "Save every Model and World that is not there yet into an asset library, for the Asset Browser. Files of yours are left alone": (
        "まだないモデルとワールドをすべてアセットライブラリに保存し、アセットブラウザーで使えるようにします。自分のファイルには触れません"
    ),
    "Sync to Asset Library…": "アセットライブラリに同期…",
    "Save this one into an asset library, for the Asset Browser": (
        "これをアセットライブラリに保存し、アセットブラウザーで使えるようにします"
    ),
    "Save to Asset Library…": "アセットライブラリに保存…",
    "Stop saving into the asset library. What is saved stays, and the next sync goes on": (
        "アセットライブラリへの保存を止めます。保存済みのものは残り、次の同期で続きから始まります"
    ),
    "Stop Sync": "同期を停止",
    "That is not an id of Mint's: ids have only letters, digits, _ and -.": (
        "Mint の ID ではありません。ID に使えるのは英数字、_ と - だけです。"
    ),
    "Library": "ライブラリ",
    "Search": "検索",
    "Nothing has been made yet.": "まだ何も作られていません。",
    "Nothing of what is loaded fits.": "読み込んだ中に該当なし。",
    "Loading…": "読み込み中…",
    "{1}–{2} of {3}": "{1}–{2} / {3}",
    "Collider: {1}": "コリジョンメッシュ: {1}",
    "Import When Done": "完成後にインポート",
    "Import": "インポート",
    "The asset library {1} cannot be used: {2}.": "アセットライブラリ {1} を使えません: {2}。",
    "{1} was not saved: {2}": "{1} を保存しませんでした: {2}",
    "Mint names no file for it.": "Mint がファイルを示していません。",
    "Models and Worlds": "モデルとワールド",
    "Models": "モデル",
    "3D Models": "3D モデル",
    "Worlds": "ワールド",
    "Any State": "すべての状態",
    "Whatever became of it": "結果を問わず",
    "What can be imported": "インポートできるもの",
    "Being Made": "作成中",
    "What Mint is still working on": "Mint がまだ作業中のもの",
    "What Mint could not make, or what was canceled": "Mint が作れなかったもの、キャンセルされたもの",
    "Newest First": "新しい順",
    "By date": "日付順",
    "Oldest First": "古い順",
    "By date, among what is loaded": "読み込んだ中で日付順",
    "By name, among what is loaded": "読み込んだ中で名前順",
    "State": "状態",
    "Sort": "ソート",
    "Words": "キーワード",
    "Words that have to be in name or prompt": "名前かプロンプトに含まれる言葉",
    "{1} vertices, {2} faces, {3}": "頂点 {1}、面 {2}、{3}",
    "Copy": "コピー",
    "Look through no more of the library. What was found stays": "ライブラリの検索をやめます。見つかったものは残ります",
    "Stop Search": "検索を停止",
    "Nothing fits.": "該当なし。",
    "A sync of {1} is running already: wait for it, or stop it. Nothing was changed.": (
        "{1} はすでに同期中です。終わるのを待つか停止してください。何も変更されていません。"
    ),
    "Searching… {1} looked through": "検索中… {1} 件を確認",
    "All {1} looked through": "全 {1} 件を確認済み",
    "{1} looked through, there are more": "{1} 件を確認、まだ続きがあります",
    "In order among the {1} that are loaded": "読み込んだ {1} 件の中での順序",
    "It is in the list of jobs above, where it can be decided about.": "上のジョブ一覧にあり、そこで判断できます。",
    "It was begun elsewhere. Here it can be waited for; to approve, pay or cancel is up to whoever began it.": (
        "別の場所で始められたものです。ここでは完成を待てますが、承認、支払い、キャンセルは始めた人が行います。"
    ),
}
