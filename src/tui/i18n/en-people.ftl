## Users, their passwords, sessions and second factors
password-guessable = Easily guessed: take several words that do not belong together.
password-used-before = This user had it before: choose a new one.
strength-refused = { $bar } Not accepted: { $why }
strength-meter = Strength: { $bar } { $word }, about 10^{ $power } guesses
strength-weak = Strength: ■□□ weak
strength-fair = Strength: ■■□ fair
strength-strong = Strength: ■■■ strong
strength-score-0 = very weak
strength-score-1 = weak
strength-score-2 = fair
strength-score-3 = good
strength-score-4 = strong
password-first = { $name }, your password was set by somebody else. Set one of your own before anything else.

field-full-name = Full name
hint-full-name = what people call the user; may be empty
field-must-change = At the login
tick-must-change = must set another password first
field-code = Code
hint-code = six digits of the app, or a recovery code

user-edit-title = Change { $name }
user-edited = { $name } was changed.
user-must-change = password due
user-locked = locked { $left }
user-never = never
user-factor-on = ✓ on
user-factor-off = – off
user-delete-title = Delete { $name }?
user-delete-what = The user is deleted for good; open sessions and shells end.
user-delete-trail = What { $name } did stays in the audit trail.
user-factor-title = Take the second factor of { $name } away?
user-factor-what = Afterwards the password alone is enough to log in, until { $name } sets another one up.
user-factor-when = Do it when phone and recovery codes are lost, and you know who asks.
user-unlocked = { $name } may log in at once.
refused-not-locked = Nobody has to wait for this login.
refused-user-no-factor = This user has no second factor.
button-delete = Delete
button-take-factor = Take it away
button-end = End
col-user = User
col-full-name = Full name
col-factor = 2nd factor
col-last-login = Last login
col-began = Logged in
col-used = Last used
col-expires = Ends in
col-connections = Connections

crumb-own = My account
crumb-sessions = Sessions
crumb-second-factor = Second factor
own-who = { $name }, { $role }
own-password-set = Password set { $ago }
own-factor-on = Second factor on, { $count ->
        [one] { $count } recovery code
       *[other] { $count } recovery codes
    } left
own-factor-off = Second factor off: t switches it on
session-mine = here
session-end-title = End the session?
session-end-what = The session of { $name } from account { $account } ends: its screens ask for the password.
session-end-undo = Jobs go on. Whoever has the password can log in again.
sessions-end-what = All your sessions but this one end.
refused-this-session = That is the session you are in: :logout ends it.
refused-no-factor = No second factor is on: t switches it on.

locked-title = Locked
locked-by = { $name } has locked this screen. The password unlocks it.
locked-jobs = { $count ->
        [one] A job goes on behind it.
       *[other] { $count } jobs go on behind it.
    }
lock-off = Locking is switched off here (--lock-after 0).

factor-on-title = Switch the second factor on
factor-on-what = Each login then asks for a code of an authenticator app besides the password.
factor-off-title = Switch the second factor off
factor-off-what = Logins then need the password alone. The recovery codes count no longer.
factor-codes-title = New recovery codes
factor-codes-what = The old recovery codes count no longer.
factor-scan = Scan this with an authenticator app, or type its key:
factor-no-room = The terminal is too small for the QR code: enlarge it, or type this key into an authenticator app:
factor-type = Then type the code that the app shows:
factor-is-on = The second factor is on.
factor-is-off = The second factor is off.
factor-recovery-title = Recovery codes
factor-recovery-what = Each is good for one login without the app. Keep them apart from the phone; they are shown this once (y copies them).

hint-password = password
act-own-account = your account
act-lock-screen = lock the screen
act-factor = switch your second factor on or off
hint-factor = 2nd factor
act-recovery-codes = new recovery codes
hint-recovery-codes = codes
act-session-end = end the session
hint-session-end = end
act-sessions-end = end all other sessions
hint-sessions-end = end others
act-user-edit = change role and full name
hint-user-edit = edit
act-user-delete = delete the user
hint-user-delete = delete
act-user-unlock = let the user log in at once
hint-user-unlock = unlock
act-user-factor = take the user's second factor away
act-login-sessions = sessions of users
hint-login-sessions = sessions
context-own = Own account
context-login-sessions = Sessions

error-must-change = Your password was set by somebody else: set one of your own first (:password).
error-code-needed = Type the code of your second factor.
error-wrong-code = Wrong code: wait for the next one, or check the phone's clock.
error-own-password = The password is wrong.
error-factor-on = A second factor is on already: switch it off first.
error-factor-off = No second factor is on.
error-factor-begin = No key waits for its first code: begin again.
error-login-busy = Too many logins at once: try again in a moment.
error-no-session = There is no such session any more.
error-delete-own = Nobody deletes the own account: ask another administrator.
error-full-name-long = A full name has 60 characters at most.
error-factor-lost = The key of the second factor is missing: use a recovery code, or ask an administrator to reset it.
