# shellcheck shell=sh
# The proof: an engine that is up, and a stack that is made and deleted again. Its only resource is a random text, so that it
# needs no other service.
run() {
    cloud admin admin "$ADMIN_PASSWORD" '
def engines():
    return [e for e in call("orchestration", "GET", "/services").json()["services"] if e["status"] == "up"]
if not wait(120, engines):
    fail("no heat-engine reports as up")
name = "cpmg-proof"
template = {"heat_template_version": "2016-10-14", "resources": {"text": {"type": "OS::Heat::RandomString", "properties": {"length": 8}}},
            "outputs": {"text": {"value": {"get_attr": ["text", "value"]}}}}
def stack():
    answer = call("orchestration", "GET", "/stacks/" + name, may_fail=(404,))
    if answer.status == 302:
        answer = call("orchestration", "GET", "/stacks/" + answer.headers["Location"].split("/stacks/", 1)[1])
    return answer.json()["stack"] if answer.status == 200 else None
def gone():
    there = stack()
    return not there or there["stack_status"] == "DELETE_COMPLETE"
def delete():
    there = stack()
    if there:
        call("orchestration", "DELETE", "/stacks/%s/%s" % (name, there["id"]), may_fail=(404,))
        wait(120, gone) or fail("the stack %s is not deleted after two minutes" % name)
delete() # of a proof that was ended
call("orchestration", "POST", "/stacks", {"stack_name": name, "template": template, "timeout_mins": 5})
try:
    made = wait(120, lambda: (lambda s: s and s["stack_status"] != "CREATE_IN_PROGRESS" and s)(stack())) or fail("the stack is not made after two minutes")
    if made["stack_status"] != "CREATE_COMPLETE":
        fail("the stack is %s: %s" % (made["stack_status"], made["stack_status_reason"]))
    print("Heat made a stack:", made["stack_status"], made["outputs"][0]["output_value"])
finally:
    delete()
' || fail "Heat on $CONTROLLER_NAME does not make stacks (see above). Look at the logs in /var/log/heat there"
}
