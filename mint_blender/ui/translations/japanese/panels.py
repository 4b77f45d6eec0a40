# SPDX-License-Identifier: GPL-3.0-or-later
"""Japanese texts about panels, menus and preferences."""

TEXTS = {
    "Waits: online access is off": "待機中: オンラインアクセスがオフ",
    "Mint cannot be reached, trying again in {1} s": "Mint に接続できません ({1} 秒後に再試行)",
    "longer than usual": "いつもより長め",
    "about {1}": "約 {1}",
    "What should change?": "どこを変えますか?",
    "{1} of {2}": "{1} / {2}",
    "More Credits are needed.": "クレジットが足りません。",
    "One more Credit is needed.": "あと 1 クレジット必要です。",
    "{1} more Credits are needed.": "あと {1} クレジット必要です。",
    "API key": "API キー",
    "Check": "確認",
    "Asking Mint…": "Mint に問い合わせ中…",
    "Accepted: {1}": "受け付けました: {1}",
    "Job": "ジョブ",
    "Look Closer": "拡大表示",
    "Approve Without Picture": "画像なしで承認",
    "Back to Preview {1}": "プレビュー {1} に戻る",
    "Which Preview was looked at; 0: the newest": "確認したプレビューの番号（0 は最新）",
    "{1}: Mint can only make the newest Preview, number {2}. Look at that one first.": (
        "{1}: Mint が生成できるのは最新のプレビュー（{2} 番）だけです。先にそれを確認してください。"
    ),
    "{1} waits for you in the list of jobs ({2}): decide about it there.": (
        "{1} はジョブリストで操作を待っています（{2}）。そちらで決めてください。"
    ),
    "At its Preview: whoever started it may have to approve it": "プレビュー待ち: 開始した人の承認が必要な場合があります",
    "Needs Credits: up to whoever started it": "クレジットが必要です（開始した人が対応）",
    "Copy Report": "レポートをコピー",
    "Add > Mint": "追加 > Mint",
    "Mint: {1} jobs, next: {2}": "Mint: ジョブ {1} 件、次: {2}",
    "More": "その他",
    "After the prompt": "プロンプトから",
    "Prompt from": "プロンプト元",
    "Jobs": "ジョブ",
    "{1} in flight": "{1} 件実行中",
    "Online access is off": "オンラインアクセスがオフです",
    "Mint generates on its servers. Allow Blender to go online to use it.": (
        "Mint は自社のサーバーで生成します。使うには Blender のオンラインアクセスを許可してください。"
    ),
    "An API key is needed": "API キーが必要です",
    "Mint's API is in beta: ask for access, then make a key and paste it here.": (
        "Mint の API はベータ版です。利用を申し込み、キーを作成してここに貼り付けてください。"
    ),
    "{1} of {2} characters": "{1} / {2} 文字",
    "Generate  ·  {1} Credits": "生成  ·  {1} クレジット",
    "Mint does not tell the price": "Mint が価格を示していません",
    "Leaves {1} Credits": "残り {1} クレジット",
    "{1} Credits are missing": "{1} クレジット不足",
    "API Key": "API キー",
    "Your Mint API key. Blender keeps it unencrypted in your preferences; the variable MINT_API_KEY is the other way": (
        "あなたの Mint API キー。Blender は設定に暗号化せず保存します。環境変数 MINT_API_KEY も使えます"
    ),
    "Base URL": "ベース URL",
    "Where Mint's API is; leave empty for the usual address": "Mint の API の場所 (空なら通常のアドレス)",
    "Advanced": "詳細設定",
    "Account": "アカウント",
    "The key comes from the environment variable MINT_API_KEY, which wins over the field.": (
        "キーは環境変数 MINT_API_KEY から取られ、入力欄より優先されます。"
    ),
    "Blender keeps the key unencrypted in your user preferences. MINT_API_KEY in the environment is the other way.": (
        "Blender はキーをユーザー設定に暗号化せず保存します。環境変数 MINT_API_KEY も使えます。"
    ),
    "Online access is on": "オンラインアクセスがオンです",
    "Usage": "利用状況",
    "Refresh": "更新",
    "Not read yet.": "まだ読み込んでいません。",
    "Read at {1}": "{1} に取得",
    "Credits available": "利用可能なクレジット",
    "Included": "プラン分",
    "Topped up": "追加購入分",
    "Bonus": "ボーナス",
    "Subscription": "サブスクリプション",
    "Defaults": "デフォルト",
    "Downloads and Journal": "ダウンロードとジャーナル",
    "Measure": "測定",
    "Clear": "クリア",
    "MINT_API_BASE_URL in the environment wins over the field.": "環境変数 MINT_API_BASE_URL が入力欄より優先されます。",
    "Log: {1}": "ログ: {1}",
    "Approve": "承認",
    "Cancel": "キャンセル",
    "Revise": "修正",
    "Buy Credits": "クレジットを購入",
    "Resume": "再開",
    "Retry": "再試行",
    "Import Anyway": "このままインポート",
    "Hand the file to Blender's importer without our check, also one that it refused. Blender may crash on it": (
        "検査を通らなかったファイルも含め、検査なしで Blender のインポーターに渡します。Blender がクラッシュすることがあります"
    ),
    "This file did not pass the check. Blender may crash while importing it: save your work first.": (
        "このファイルは検査を通りませんでした。インポート中に Blender がクラッシュすることがあります。先に作業を保存してください。"
    ),
    "Place at 3D Cursor": "3Dカーソルに配置",
    "Replace Model": "モデルを置き換え",
    "Replace World": "ワールドを置き換え",
    "Place Mint Result": "Mintの結果を配置",
    "A result of Mint was placed": "Mintの結果が配置されました",
    "Place Again": "もう一度配置",
    "Mint 3D Model…": "Mint 3D モデル…",
    "Mint World…": "Mint ワールド…",
    "Ask for Access": "利用を申し込む",
    "Make a Key": "キーを作成",
    "Mint Library: Import…": "Mint ライブラリ: インポート…",
    "The original file was taken: there is no optimized one.": "元のファイルを使いました。最適化ファイルはありません。",
    "The optimized file was taken: DracoPy decoded it, since this Blender has no Draco decoder of its own.": (
        "最適化ファイルを使いました。この Blender には Draco デコーダーがないため、DracoPy でデコードしました。"
    ),
    "The optimized file was taken: this Blender can read it.": "最適化ファイルを使いました。この Blender で読めます。",
    "Scaled down from {1} × {2} to {3} × {4} pixels and saved as WebP, {5}.": (
        "{1} × {2} から {3} × {4} ピクセルに縮小し、WebP で保存しました ({5})。"
    ),
    "Converted to WebP, {1}; its {2} × {3} pixels stay.": "WebP に変換しました ({1})。大きさは {2} × {3} ピクセルのままです。",
    "{1} has no pixels: its file may be missing.": "{1} にピクセルがありません。ファイルがないのかもしれません。",
    "Nothing was rendered yet: press F12 first.": "まだ何もレンダリングされていません。先に F12 を押してください。",
    "The scene has no camera.": "シーンにカメラがありません。",
    "This Blender cannot open it. Convert it with another program.": "この Blender では開けません。別のソフトで変換してください。",
    "The picture could not be saved: {1}": "画像を保存できませんでした: {1}",
    "Show Mint what you mean: up to 8 pictures, with a prompt or without.": (
        "イメージを Mint に伝えます。画像は 8 枚まで (プロンプトなしでも可)。"
    ),
    "Add Picture": "画像を追加",
    "Convert": "変換",
    "Scale Down": "縮小",
    "Source": "ソース",
    "Path of our copy, or an https address": "コピーのパスか https アドレス",
    "Note": "メモ",
    "What was done with the picture": "画像に行った処理",
    "Problem": "問題",
    "Why Mint would not take it as it is": "Mint がそのままでは受け付けない理由",
    "It is in a format that Mint does not take": "Mint が受け付けない形式です",
    "Picture {1}: {2}": "画像 {1}: {2}",
    "This address": "このアドレス",
    "There are {1} pictures already, and Mint takes no more: remove one first.": (
        "すでに {1} 枚あり、Mint の上限です。先に 1 枚外してください。"
    ),
    "{1} is on the list already.": "{1} はすでにリストにあります。",
    "It is {1}; Mint takes PNG, JPEG and WebP.": "{1} です。Mint が受け付けるのは PNG、JPEG、WebP です。",
    "It has {1} MB; Mint takes at most 5 MB.": "{1} MB です。Mint の上限は 5 MB です。",
    "Object > Mint World": "オブジェクト > Mint ワールド",
    "Mint World": "Mint ワールド",
    "Fetch": "取得",
    "Flip": "逆転",
    "Size": "サイズ",
}
