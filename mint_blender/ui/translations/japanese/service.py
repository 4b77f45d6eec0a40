# SPDX-License-Identifier: GPL-3.0-or-later
"""Japanese texts about conversations with Mint."""

TEXTS = {
    "the preferences": "設定",
    "the environment variable {1}": "環境変数 {1}",
    "this account": "このアカウント",
    "The picture {1} has {2} MB; Mint takes at most 5 MB.": "画像 {1} は {2} MB です。Mint が受け付けるのは 5 MB までです。",
    "A reference picture's address must start with https://.": "参照画像のアドレスは https:// で始まる必要があります。",
    "its list goes round in circles": "一覧が循環しています",
    "it is a {1} without an id": "ID のない項目 ({1}) です",
    "it is a reference picture without an address": "アドレスのない参照画像です",
    "This is not an id of Mint's: ids have only letters, digits, _ and -.": (
        "Mint の ID ではありません。ID に使えるのは英数字、_ と - だけです。"
    ),
    "it is an operation without an id": "ID のないオペレーションです",
    (
        "No Mint API key is set. Put one into the add-on's preferences or into the environment variable MINT_API_KEY; keys are made "
        "at platform.mint.gg, access to the beta is asked for at hello@mint.gg."
    ): (
        "Mint の API キーが設定されていません。アドオンの設定か環境変数 MINT_API_KEY に入れてください。キーは platform.mint.gg "
        "で作成し、ベータ版の利用は hello@mint.gg に申し込みます。"
    ),
    (
        "What is set as the Mint API key has characters in it that no key has, such as a space, a line break or an accented letter, "
        "so it was not sent. Copy the key again from platform.mint.gg, in one piece."
    ): (
        "Mint の API キーとして設定された文字列に、空白、改行、アクセント付き文字など、キーにない文字が含まれるため送信しませんでし"
        "た。platform.mint.gg からキー全体をもう一度コピーしてください。"
    ),
    "Mint cannot be reached: {1}.": "Mint に接続できません: {1}。",
    "Mint's answer is about something else ({1}), not what was asked for ({2}). Asking again.": (
        "Mint が、問い合わせた対象 ({2}) とは別のもの ({1}) について回答しました。もう一度問い合わせます。"
    ),
    "The answer could not be understood: {1}. Check the base URL and whether a proxy stands in between.": (
        "応答を理解できませんでした: {1}。ベース URL と、間にプロキシがないか確認してください。"
    ),
    "HTTP status {1}": "HTTP ステータス {1}",
    "(Request id: {1})": "(リクエスト ID: {1})",
    "Mint does not accept this request": "Mint はこのリクエストを受け付けません",
    "Nothing was started or charged; change it and try again.": "何も開始も課金もされていません。変更してもう一度お試しください。",
    "Mint does not accept the API key": "Mint がこの API キーを受け付けません",
    "Check it in the add-on's preferences or in MINT_API_KEY, or make a new one at platform.mint.gg.": (
        "アドオンの設定か MINT_API_KEY を確認するか、platform.mint.gg で新しいキーを作成してください。"
    ),
    "Mint needs more Credits for this": "Mint のクレジットが足りません",
    "Nothing was started; buy Credits at platform.mint.gg/billing, then resume.": (
        "何も開始されていません。platform.mint.gg/billing でクレジットを購入し、再開してください。"
    ),
    "This API key may not do that": "この API キーでは許可されていません",
    "Ask hello@mint.gg whether the key has access to the beta and to this project.": (
        "キーがベータ版とこのプロジェクトを利用できるか、hello@mint.gg に問い合わせてください。"
    ),
    "Mint has downloads switched off for this result": "この結果のダウンロードは Mint で無効になっています",
    "Switch them on at mint.gg, or open the result there.": "mint.gg で有効にするか、そこで結果を開いてください。",
    "Mint does not know this, at least not in the API project of this key": (
        "Mint はこれを知りません (少なくともこのキーの API プロジェクトにはありません)"
    ),
    "It may have been deleted, or the key belongs to another project.": "削除されたか、キーが別のプロジェクトのものかもしれません。",
    "Mint does not offer this action": "Mint はこの操作を提供していません",
    "It may be possible at mint.gg.": "mint.gg ではできるかもしれません。",
    "That is not possible in the present state": "今の状態ではできません",
    "Look at the job again: it may have moved on.": "ジョブをもう一度確認してください。先に進んでいるかもしれません。",
    "Mint has seen this request's idempotency key with other content": "このリクエストの冪等キーは、別の内容で使われています",
    "Nothing was started twice; start it anew as a new job.": "二重には開始されていません。新しいジョブとしてやり直してください。",
    "The model is optimized already": "このモデルは最適化済みです",
    "Its optimized file can be used.": "最適化されたファイルを使えます。",
    "The model is being optimized already": "このモデルは最適化中です",
    "Wait until it is done.": "終わるまでお待ちください。",
    "Mint asks for fewer requests": "Mint がリクエストを減らすよう求めています",
    "It is tried again after a pause.": "少し待ってから再試行します。",
    "As many generations are active at Mint as the account may have at once": "アカウントで同時に実行できる数の生成がすでに動いています",
    "This one starts when a place is free.": "空きができると開始します。",
    "Mint has trouble answering": "Mint が応答できていません",
    "Nothing is lost; it is tried again.": "何も失われていません。再試行します。",
    "A 3D model that matches the reference picture.": "参照画像に合った 3D モデル。",
    "The prompt is empty: describe what should be made.": "プロンプトが空です。作りたいものを書いてください。",
    "The prompt has {1} characters; Mint takes at most {2} for a {3}.": "プロンプトは {1} 文字です。Mint の上限は {2} 文字です ({3})。",
    "The name has {1} characters; Mint takes 1 to {2}.": "名前は {1} 文字です。Mint は 1～{2} 文字を受け付けます。",
    "There are {1} reference pictures; Mint takes at most {2}.": "参照画像が {1} 枚あります。Mint の上限は {2} 枚です。",
    "A pose is for characters: it goes with a model, not with a world.": "ポーズはキャラクター用です。ワールドではなくモデルに指定します。",
    "Say in words what should change.": "変えたい点を言葉で書いてください。",
    "The feedback has {1} characters; Mint takes at most {2}.": "変更の希望は {1} 文字です。Mint の上限は {2} 文字です。",
    "The Mint base URL {1}. The usual one is {2}.": "Mint のベース URL {1}。通常は {2} です。",
    "The Mint base URL is not an address. The usual one is {1}.": "Mint のベース URL がアドレスではありません。通常は {1} です。",
    "has a space or a control character in it": "に空白か制御文字が含まれています",
    "must look like https://host/path": "は https://host/path の形にしてください",
    "must not contain a user name or password; the API key has its own place": (
        "にユーザー名やパスワードを含めないでください (API キーには専用の欄があります)"
    ),
    "must not contain a query or a fragment (? or #)": "にクエリやフラグメント (? や #) を含めないでください",
    "must start with https://, or the API key could be read on the way; plain http is for this computer only (127.0.0.1)": (
        "は https:// で始めてください。そうでないと API キーが途中で読まれます (http はこのコンピューター 127.0.0.1 専用です)"
    ),
    "the proxy named in the environment (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY)": "環境変数 (HTTPS_PROXY、HTTP_PROXY、ALL_PROXY) のプロキシ",
    "the file that REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE names": (
        "REQUESTS_CA_BUNDLE、CURL_CA_BUNDLE、SSL_CERT_FILE が指すファイル"
    ),
    "{1} is not an address": "{1} はアドレスではありません",
    "{1} is of a kind that this Python cannot use": "{1} はこの Python では使えない種類です",
    "{1} does not exist": "{1} がありません",
    "{1} wants a user name and password, or does not accept the ones given": (
        "{1} がユーザー名とパスワードを求めているか、指定のものを受け付けません"
    ),
    "{1} refused the connection (status {2})": "{1} が接続を拒否しました (ステータス {2})",
    "{1} does not answer": "{1} が応答しません",
    "its TLS certificate is not trusted ({1}). Behind a company's proxy, let REQUESTS_CA_BUNDLE name its CA bundle": (
        "TLS 証明書が信頼されていません ({1})。社内プロキシの場合は REQUESTS_CA_BUNDLE にその CA バンドルを指定してください"
    ),
    "no TLS connection came about; either a proxy or {1} is at fault, or it is not an https server": (
        "TLS 接続ができませんでした。プロキシか {1} に問題があるか、https サーバーではありません"
    ),
    "the name {1} was not found; this computer may be offline": "名前 {1} が見つかりません。このコンピューターはオフラインかもしれません",
    "{1} did not take the connection in time": "{1} が時間内に接続を受け付けませんでした",
    "no answer came in time": "時間内に応答がありませんでした",
    "{1} refused the connection": "{1} が接続を拒否しました",
    "{1} Stopped waiting. What was started is kept, and resume goes on with it.": (
        "{1} 待機を終了しました。開始したものは保持され、「再開」で続けられます。"
    ),
    "the call was stopped": "呼び出しが中断されました",
    "the connection broke before the answer was complete": "応答の途中で接続が切れました",
    "what came back was no complete HTTP answer": "完全な HTTP 応答ではありませんでした",
    "the connection failed": "接続に失敗しました",
    "model": "モデル",
    "world": "ワールド",
    "it is compressed in a broken way": "圧縮が壊れています",
    "it is not a JSON object": "JSON オブジェクトではありません",
    "it is larger than {1} MB": "{1} MB より大きいです",
    "the body comes too slowly": "本文の受信が遅すぎます",
    "the body broke off": "本文が途中で切れました",
    "to {1}": "{1} へ",
    "to another address": "別のアドレスへ",
    "it redirects {1}, which is not followed because the API key goes to Mint's own address only": (
        "{1}転送されますが、API キーは Mint 自身のアドレスにしか送らないため従いません"
    ),
    "A place that looks like the reference picture.": "参照画像のような場所。",
    "Mint answered with an unexpected status": "ここでは知られていないステータスの応答が届きました",
    "It will be tried again. If this keeps happening, write to hello@mint.gg with the request ID.": (
        "もう一度試します。続く場合は、リクエスト ID を添えて hello@mint.gg に連絡してください。"
    ),
    "Something refused the request, and it does not look like Mint": "何かがリクエストを拒否しましたが、Mint ではないようです",
    "Check the base URL and whether a proxy or a sign-in page stands in between; it is tried again.": (
        "ベース URL と、間にプロキシやサインインのページがないかを確認してください。もう一度試します。"
    ),
    "Mint cannot cancel this now": "Mint では今これをキャンセルできません",
    "It goes on.": "処理は続きます。",
}
